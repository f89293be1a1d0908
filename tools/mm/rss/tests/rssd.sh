#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# rssd on hierarchies of files, where the test plays the kernel: which marks
# it sets, how it asks for reclaim, and that it sleeps.

. "$(dirname "$0")/lib.sh"

page=$(getconf PAGESIZE)
conf=$scratch/rssd.conf log=$scratch/log
v1=$scratch/v1 v2=$scratch/v2

# start HIERARCHY OPTION...
start()
{
	: > "$log"
	rssd --config "$conf" --root "$@" 2> "$log" &
	pid=$!
	eventually grep -q watches "$log"
}

stop()
{
	local status=0

	kill -TERM "$pid"
	wait "$pid" || status=$?
	result "it ends well" [ "$status" = 0 ]
	[ "$status" = 0 ] || sed 's/^/# /' "$log"
}

# How often it has run
switches()
{
	awk '/ctxt_switches/ { sum += $2 } END { print sum }' "/proc/$pid/status"
}

fake_v1_root "$v1"
fake_v1 "$v1/web/2"
fake_v1 "$v1/other"
cat > "$conf" << 'CONF'
[web]
containers = web/*
high = 75%
low = 50%
CONF

start "$v1" --verbose
result "a share of the limit" contains "$v1/web/2/rss_watermark" 7500
result "no rule, no mark" contains "$v1/other/rss_watermark" max
before=$(switches)
sleep 1
result "it sleeps" [ "$before" = "$(switches)" ]
mkdir "$scratch/new"
fake_v1 "$scratch/new"
mv "$scratch/new" "$v1/web/3"
result "one that comes" eventually contains "$v1/web/3/rss_watermark" 7500
put "$v1/web/3/rss_limit" 20000
result "a limit that changes" eventually contains "$v1/web/3/rss_watermark" 15000
rm -r "$v1/web/3"

printf '[web]\n' > "$conf"
printf 'high = 3\n' >> "$conf"
kill -HUP "$pid"
result "a bad configuration" eventually grep -q "the old configuration stays" "$log"
result "changes nothing" contains "$v1/web/2/rss_watermark" 7500
printf '[some]\ncontainers = o*\nhigh = 6000p\nlow = 4000p\n' > "$conf"
kill -HUP "$pid"
result "a good one sets marks" eventually contains "$v1/other/rss_watermark" 6000
result "and takes others away" eventually contains "$v1/web/2/rss_watermark" max

# Above the high mark: asks for no more than a step at a time.
put "$v1/other/rss_usage" 7000
kill -HUP "$pid"
step=$((4 << 20))
result "a step" eventually contains "$v1/other/rss_shrink_in_bytes" $((7000 * page - step))
put "$v1/other/rss_usage" 4100
result "the last one" eventually contains "$v1/other/rss_shrink_in_bytes" $((4000 * page))
put "$v1/other/rss_usage" 4000
result "done" eventually grep -q 'other: is at' "$log"
stop
result "no mark is left" contains "$v1/other/rss_watermark" max

put "$v1/other/rss_usage" 7000
: > "$v1/other/rss_shrink_in_bytes"
start "$v1" --dry-run
result "dry: would shrink" grep -q 'would shrink to' "$log"
stop
result "dry: no mark" contains "$v1/other/rss_watermark" max
result "dry: no reclaim" contains "$v1/other/rss_shrink_in_bytes" ''

fake_v2_root "$v2"
fake_v2 "$v2/other"
start "$v2" --verbose
result "v2 mark" contains "$v2/other/rss.watermark" $((6000 * page))
# Not enabled below "sub" before its subtree_control says so
mkdir -p "$v2/sub/o1"
: > "$v2/sub/cgroup.subtree_control"
printf '[some]\ncontainers = */o1\nhigh = 6000p\nlow = 4000p\n' > "$conf"
kill -HUP "$pid"
result "v2 loads again" eventually grep -q 'loaded again' "$log"
fake_v2 "$scratch/files"
mv "$scratch"/files/* "$v2/sub/o1"
echo +rss > "$v2/sub/cgroup.subtree_control"
result "v2 enabled later" eventually contains "$v2/sub/o1/rss.watermark" $((6000 * page))
put "$v2/sub/o1/rss.current" $((5000 * page))
stop

put "$v2/sub/o1/rss.current" $((7000 * page))
start "$v2" --verbose
result "v2 asks for a step" eventually contains "$v2/sub/o1/rss.reclaim" $step
put "$v2/sub/o1/rss.current" $((4000 * page))
result "v2 done" eventually grep -q 'sub/o1: is at' "$log"
stop

# An administrator's own watermark is back when rssd ends, however it does.
former()
{
	put "$v1/other/rss_usage" 100
	printf '[some]\ncontainers = o*\nhigh = 6000p\nlow = 4000p\n' > "$conf"
	put "$v1/other/rss_watermark" 1234
	start "$v1"
	result "rssd's watermark" contains "$v1/other/rss_watermark" 6000
	stop
	result "the former one" contains "$v1/other/rss_watermark" 1234
	start "$v1"
	put "$v1/other/rss_watermark" 2345
	stop
	result "one that was set meanwhile" contains "$v1/other/rss_watermark" 2345
	if command -v setfattr > /dev/null && ! setfattr -n user.x -v y "$v1" 2> /dev/null; then
		return
	fi
	start "$v1"
	kill -KILL "$pid"
	wait "$pid" 2> /dev/null
	result "a killed one leaves its own" contains "$v1/other/rss_watermark" 6000
	expect 0 '' rssd --restore --root "$v1"
	result "which can be taken away" contains "$v1/other/rss_watermark" 2345
	put "$v1/other/rss_watermark" max
}
former

slashes_around()
{
	printf '[some]\ncontainers = /web/2//\nhigh = 6000p\nlow = 4000p\n' > "$conf"
	start "$v1"
	result "slashes around a pattern" contains "$v1/web/2/rss_watermark" 6000
	stop
}
slashes_around

# Has it nothing to do, and no time to wait for?
idle()
{
	local before

	before=$(switches)
	sleep 0.5
	[ "$before" = "$(switches)" ]
}

# warned TIMES
warned()
{
	[ "$(grep -c 'trying again' "$log")" = "$1" ]
}

# Backing off ends when there is nothing to do any more; after that, the first
# failure is one to tell of.
recovers()
{
	printf '[rssd]\nbackoff = 0.1\nbackoff-max = 0.2\n' > "$conf"
	printf '[some]\ncontainers = o*\nhigh = 6000p\nlow = 4000p\n' >> "$conf"
	ln -sf /dev/full "$v1/other/rss_shrink_in_bytes"
	put "$v1/other/rss_usage" 7000
	start "$v1"
	result "it warns" eventually warned 1
	sleep 0.5
	result "once" warned 1
	put "$v1/other/rss_usage" 4500
	result "it recovers" eventually idle
	put "$v1/other/rss_usage" 7000
	kill -HUP "$pid"
	result "and warns again" eventually warned 2
	stop
}
recovers

ticks()
{
	awk '{ print $14 + $15 }' "/proc/$pid/stat"
}

# By pattern, when a container comes, and not again
limits()
{
	printf '[some]\ncontainers = web/*\nlimit = 16M\n' > "$conf"
	printf '[o]\ncontainers = o*\nlimit = 32M\nhigh = 75%%\nlow = 50%%\n' >> "$conf"
	start "$v1"
	result "a limit" contains "$v1/web/2/rss_limit" $((16777216 / page))
	result "without marks, no watermark" contains "$v1/web/2/rss_watermark" max
	result "a limit with marks" contains "$v1/other/rss_watermark" $((25165824 / page))
	fake_v1 "$scratch/new"
	mv "$scratch/new" "$v1/web/3"
	result "of one that comes" eventually contains "$v1/web/3/rss_limit" $((16777216 / page))
	put "$v1/web/3/rss_limit" 20000
	kill -HUP "$pid"
	result "reloaded" eventually grep -q 'loaded again' "$log"
	result "one that somebody sets stays" contains "$v1/web/3/rss_limit" 20000
	sed -i s/16M/24M/ "$conf"
	kill -HUP "$pid"
	result "another one" eventually contains "$v1/web/3/rss_limit" $((25165824 / page))
	stop
	result "it outlives rssd" contains "$v1/web/3/rss_limit" $((25165824 / page))
	rm -r "$v1/web/3"
	put "$v1/web/2/rss_limit" 10000
	put "$v1/other/rss_limit" 10000

	mkdir -p "$v2/a.slice/b.service"
	: > "$v2/a.slice/cgroup.subtree_control"
	: > "$v2/cgroup.subtree_control"
	printf '[some]\ncontainers = a.slice/*\nlimit = 16M\n' > "$conf"
	start "$v2"
	result "v2: it is enabled" contains "$v2/a.slice/cgroup.subtree_control" +rss
	result "v2: from the root" contains "$v2/cgroup.subtree_control" +rss
	fake_v2 "$scratch/files"
	mv "$scratch"/files/* "$v2/a.slice/b.service"
	echo +rss > "$v2/a.slice/cgroup.subtree_control"
	result "v2: then there is a limit" \
		eventually contains "$v2/a.slice/b.service/rss.max" 16777216
	stop
}
limits

# Tasks that need more than the low mark map again what is taken from them.
mapped_again()
{
	local player before

	printf '[some]\ncontainers = o*\nhigh = 6000p\nlow = 4000p\n' > "$conf"
	rm "$v1/other/rss_shrink_in_bytes"
	: > "$v1/other/rss_shrink_in_bytes"
	put "$v1/other/rss_usage" 7000
	(taken=0
	while :; do
		taken=$((taken + 2000))
		echo $taken > "$scratch/taken"
		mv "$scratch/taken" "$v1/other/rss_reclaimed"
		sleep 0.05
	done) &
	player=$!
	start "$v1"
	result "it sees that" eventually grep -q 'mapped again at once; trying' "$log"
	before=$(ticks)
	sleep 1.5
	result "it pauses" [ $(($(ticks) - before)) -lt $(($(getconf CLK_TCK) * 7 / 10)) ]
	put "$v1/other/rss_usage" 5000
	result "between the marks it rests" eventually idle
	kill "$player"
	wait "$player" 2> /dev/null
	stop
}
mapped_again

# The kernel makes the files of a container one after the other.
late()
{
	printf '[some]\ncontainers = late/*\nhigh = 6000p\nlow = 4000p\n' > "$conf"
	mkdir -p "$v1/late"
	fake_v1_root "$v1/late"
	start "$v1"
	fake_v1 "$scratch/new"
	rm "$scratch/new/rss_events"
	mv "$scratch/new" "$v1/late/a"
	sleep 0.3
	: > "$v1/late/a/rss_events"
	printf 'watermark 1\nlimit 3\noom 2\noom_kill 1\n' >> "$v1/late/a/rss_events"
	result "events that come late" eventually contains "$v1/late/a/rss_watermark" 6000
	fake_v1 "$scratch/new"
	rm "$scratch/new/rss_events"
	mv "$scratch/new" "$v1/late/b"
	result "events that never come" \
		eventually grep -q 'late/b: this kernel has no rss_events' "$log"
	result "are no end" kill -0 "$pid"
	stop
	rm -r "$v1/late"
}
late

# A name that is taken by another container, one after the other
replaced()
{
	printf '[some]\ncontainers = web/*\nhigh = 6000p\nlow = 4000p\n' > "$conf"
	start "$v1"
	for i in 1 2 3 4 5; do
		fake_v1 "$scratch/new"
		mv "$v1/web/2" "$scratch/old"
		mv "$scratch/new" "$v1/web/2"
		rm -r "$scratch/old"
	done
	result "another of the same name" eventually contains "$v1/web/2/rss_watermark" 6000
	mv "$v1/web/2" "$v1/web/4"
	result "renamed" eventually idle
	put "$v1/web/4/rss_usage" 7000
	kill -HUP "$pid"
	result "renamed: is watched" \
		eventually contains "$v1/web/4/rss_shrink_in_bytes" $((7000 * page - step))
	put "$v1/web/4/rss_usage" 100
	mv "$v1/web" "$v1/web-old"
	result "out of sight, without a mark" eventually contains "$v1/web-old/4/rss_watermark" max
	mv "$v1/web-old" "$v1/web"
	result "and with one again" eventually contains "$v1/web/4/rss_watermark" 6000
	mv "$v1/web/4" "$v1/web/2"
	stop
}
replaced

# More containers than there may be open files
many()
{
	local i

	printf '[many]\ncontainers = many/*\nhigh = 6000p\nlow = 4000p\n' > "$conf"
	fake_v1_root "$v1/many"
	start "$v1"
	prlimit --nofile=164:164 --pid "$pid"
	for i in $(seq 100); do
		fake_v1 "$scratch/new"
		mv "$scratch/new" "$v1/many/$i"
	done
	result "too many files" eventually grep -q 'watches only .* too many open files' "$log"
	sleep 0.3
	result "are told of once" [ "$(grep -c . "$log")" = 2 ]
	rm -r "$v1/many/1"
	result "the others go on" kill -0 "$pid"
	stop
	result "the mark of the first is gone" contains "$v1/many/2/rss_watermark" max
	expect 1 'watches only ' prlimit --nofile=164:164 rssd --config "$conf" --root "$v1"
	rm -r "$v1/many"
}
if command -v prlimit > /dev/null; then
	many
fi

# What RestartPreventExitStatus of the unit counts on
if ! grep -q '^rss[[:blank:]]' /proc/cgroups; then
	expect 3 'this kernel has no' rssd --config "$conf"
fi

rm "$v1/other/rss_events"
printf '[some]\ncontainers = o*\nhigh = 6000p\nlow = 4000p\n' > "$conf"
expect 3 'other: this kernel has no rss_events' rssd --config "$conf" --root "$v1"
finish
