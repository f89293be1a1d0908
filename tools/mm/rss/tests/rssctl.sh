#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# rssctl: arguments, errors and their statuses, both versions, JSON.

. "$(dirname "$0")/lib.sh"

for version in 1 2; do
	h=$scratch/v$version
	"fake_v${version}_root" "$h"
	for name in web web/2 web/10; do
		"fake_v$version" "$h/$name"
	done

	expect 0 $'web\nweb/2\nweb/10' rssctl ls -q --root "$h"
	expect 0 $'web/2\n' rssctl ls -q --root "$h" /web/
	expect 0 '"name": "web/10",
    "usage": 20480000,
    "limit": 40960000,
    "peak": 28672000,
    "watermark": null,
    "failcnt": 3,' rssctl ls --json --root "$h" web/10
	expect 0 '"oom_kill": 1' rssctl stat --json --root "$h" web
	expect 0 '"anon": 16384000' rssctl stat --json --root "$h" web
	expect 0 '"pgscan": 7' rssctl stat --json --root "$h" web
	expect 0 'usage          20480000' rssctl stat -b --root "$h" /
	expect 0 'web/10' rssctl top -d 0 -n 3 --root "$h"
	expect 0 '"reclaim_rate":0}]' rssctl top -d 0.01 -j --root "$h" web
	expect 7 '' rssctl wait-event -t 0.1 --root "$h" web limit
	expect 0 '' rssctl set --root "$h" web watermark=8M

	expect 4 'no such container: web/3' rssctl stat --root "$h" web/3
	expect 4 'no such container: web/3' rssctl ls --root "$h" web/3
	expect 4 'no such container: web/3' rssctl set --root "$h" web/3 limit=1M
	expect 4 'no such container: web/3' rssctl move --root "$h" web/3 $$
	expect 4 'no such container: web/3' rssctl shrink --root "$h" web/3 1M
	expect 4 'no such container: web/3' rssctl top --root "$h" web/3
	expect 4 'no such container: web/3' rssctl wait-event --root "$h" web/3
	expect 125 'no such container: web/3' rssctl run --root "$h" -n web/3/a true
	expect 3 'the root has no' rssctl set --root "$h" / limit=1M
	for name in '' . .. web//2 web/../x ./web; do
		expect 2 'not the name of a container' rssctl stat --root "$h" "$name"
	done
done
result 'v1 watermark' contains "$scratch/v1/web/rss_watermark" 2048
result 'v2 watermark' contains "$scratch/v2/web/rss.watermark" 8388608

h=$scratch/v1
expect 0 '' rssctl shrink --root "$h" web 8M
result 'v1 shrinks to' contains "$h/web/rss_shrink_in_bytes" 8388608
expect 0 '' rssctl set --root "$h" web failcnt=0 peak=0
result 'v1 resets' contains "$h/web/rss_failcnt" 0
rm "$h/web/rss_events" "$h/web/rss_shrink_in_bytes"
expect 3 'web: this kernel has no rss_events' rssctl wait-event --root "$h" web
expect 3 'web: this kernel has no rss_shrink_in_bytes' rssctl shrink --root "$h" web 1M
expect 0 'usage' rssctl stat --root "$h" web

h=$scratch/v2
expect 3 "can't be reset" rssctl set --root "$h" web limit=1M peak=0
result 'and sets nothing' contains "$h/web/rss.max" 40960000
rm "$h"/web/10/rss.*
expect 3 'web/10: the rss controller is not enabled there' rssctl stat --root "$h" web/10
expect 0 $'web\nweb/2' rssctl ls -q --root "$h"

expect 3 'no rss controller here' rssctl ls --root "$scratch"
expect 1 'No such file' rssctl ls --root "$scratch/none"

# The same container by other names
names()
{
	local h=$scratch/named name

	fake_v1_root "$h"
	for name in web system.slice/nginx.service a/x.scope b/x.scope; do
		fake_v1 "$h/$name"
	done
	for name in "$h/web" "$h/web/" //web; do
		expect 0 '' rssctl ls -q --root "$h" "$name"
		result "$name" [ "$output" = web ]
	done
	expect 0 '' rssctl ls -q --root "$h" nginx.service
	result 'a unit' [ "$output" = system.slice/nginx.service ]
	expect 0 'usage' rssctl stat --root "$h" "$h"
	expect 2 'several units are called x.scope, a/x.scope is one' \
		rssctl stat --root "$h" x.scope
	expect 0 'usage' rssctl stat --root "$h" b/x.scope
	expect 4 'no such container: no.service' rssctl stat --root "$h" no.service
	if ! grep -q '^rss[[:blank:]]' /proc/cgroups; then
		expect 4 'outside' rssctl stat --root "$h" self
	fi
}
names

# Tasks that map as fast as it reclaims: the usage stays as it is.
against_a_faulter()
{
	local asked

	put "$h/web/2/rss.current" $((2 << 30))
	rm "$h/web/2/rss.reclaim"
	mkfifo "$h/web/2/rss.reclaim"
	exec 3<> "$h/web/2/rss.reclaim"
	expect 5 'web/2: busy' timeout 20 rssctl shrink --root "$h" web/2 1G
	read -r -t 0.1 -u 3 asked
	exec 3>&-
	result 'no more than four times' [ "$asked" = "$(printf '1073741824%.0s' 1 2 3 4)" ]
}
against_a_faulter

# What an earlier call has printed
since_printed()
{
	rssctl wait-event -t 5 --since $'watermark 1\nlimit 2' --root "$h" a
}

# Events between two calls, or while a command runs, are not lost.
events()
{
	h=$scratch/events
	fake_v1_root "$h"
	fake_v1 "$h/a"
	expect 0 'limit 3' rssctl wait-event -t 5 --since limit=2 --root "$h" a limit
	expect 0 'limit 3' since_printed
	expect 7 '' rssctl wait-event -t 0.1 --since limit=3,oom=2 --root "$h" a
	expect 0 '' rssctl wait-event -t 0.1 --follow --since limit=2 --root "$h" a
	result 'each once' [ "$output" = 'limit 3' ]
	# shellcheck disable=SC2016
	expect 0 'a: limit oom 3 1' rssctl wait-event --since limit=2,oom=1 --root "$h" a \
		--exec 'echo "$RSS_container: $RSS_events $RSS_limit $RSS_watermark"'
	expect 1 'limit 3' rssctl wait-event --since limit=2 --root "$h" --exec false a
	for bad in limit limit= limit=x oops=1 =1; do
		expect 2 'not EVENT=COUNT' rssctl wait-event --since "$bad" --root "$h" a
	done
}
events

# screen COLUMNS: what top shows on a terminal
screen()
{
	script -qec "stty cols $1 rows 9; TERM=linux rssctl top -d 0.01 -n 1 -R $h" /dev/null
}

# Values of full width: between shorter ones, blanks may be skipped.
screen_widths()
{
	local name=a-name-of-a-container/with-37-letters
	local figures='reclaim/s   failcnt oom_kill'

	h=$scratch/top
	fake_v1_root "$h"
	fake_v1 "$h/$name"
	fake_v1 "$h/"$'with\ttab\te\te\te\te\te\te\te\te\te'
	put "$h/$name/rss_failcnt" 123456789
	put "$h/$name/rss_events" 'oom_kill 12345678'
	expect 0 "$figures" screen 60
	expect 0 '123456789 12345678' screen 60
	expect 0 '<-letters   19.5M   39.1M ' screen 60
	expect 0 "$figures" screen 80
	expect 0 '123456789 12345678' screen 80
	expect 0 '<er/with-37-letters   19.5M   39.1M [####    ]  50%' screen 80
	expect 0 'with?tab?e?e?e?e?e?' screen 110
	expect 0 "$name   19.5M   39.1M [##########" screen 132
}
if command -v script > /dev/null; then
	screen_widths
fi

# Names that others gave must not get to the terminal as commands.
escapes()
{
	local odd=$'a\e]0;b\ac\xc2\x9bd\x7fe\xff'

	h=$scratch/escapes
	fake_v1_root "$h"
	fake_v1 "$h/$odd"
	expect 0 'a?]0;b?c??d?e?  ' rssctl ls --root "$h"
	expect 0 'a?]0;b?c??d?e?  ' rssctl top --root "$h"
	expect 4 'no such container: a\x1b]0;b\x07c\xc2\x9bd\x7fe\xff-' \
		rssctl stat --root "$h" "$odd-"
	expect 0 "$odd" rssctl ls -q --root "$h"
	if command -v script > /dev/null; then
		expect 0 'a?]0;b?c??d?e?' script -qec "rssctl ls -q --root $h" /dev/null
	fi
}
escapes

# A list that is not complete must not look as if it were.
too_few_files()
{
	h=$scratch/files
	fake_v1_root "$h"
	fake_v1 "$h/1/2/3/4/5/6/7/8/9"
	for command in ls top; do
		expect 1 'not all containers were seen: Too many open files' \
			in_few_files rssctl "$command" --root "$h"
	done
}

# Its error, which is behind a list
in_few_files()
{
	{ prlimit --nofile=10:10 "$@" > /dev/null; } 2>&1
}
if command -v prlimit > /dev/null; then
	too_few_files
fi

# keys KEYS [SECONDS]: what top shows while they are typed
keys()
{
	{
		sleep 0.3
		printf '%s' "$1"
		sleep "${2:-0.5}"
		printf q
		sleep 0.5
	} | timeout 20 script -qec "stty cols 100 rows 9
		TERM=linux rssctl top -d 60 -R $h" /dev/null
}

interactive()
{
	local i

	h=$scratch/interactive
	fake_v1_root "$h"
	for i in $(seq 20 39); do
		fake_v1 "$h/job/$i"
		put "$h/job/$i/rss_usage" "$i"
	done
	# Of what is there already, only what differs is drawn.
	expect 0 'failcnt  (q' keys ss
	expect 0 'peak, lowest first' keys Rk
	expect 0 'as a tre' keys t
	expect 0 '  20   80.0' keys t
	expect 0 '25    100' keys $'/5\r'
	expect 0 '/5  (q' keys $'/5\r'
	expect 0 'OOM kills' keys h
	expect 0 '20   80.0' keys $'\e[4~'
}

# Keys are no looks, and neither is a terminal that has gone.
ends()
{
	expect 0 'failcnt, lowest first' counted ssR
	result 'keys do not count as looks' [ "$(date +%s)" -ge "$((began + 2))" ]
	rssctl_on_lost_terminal
	result 'it ends with its terminal' eventually gone
}

counted()
{
	{
		sleep 0.3
		printf '%s' "$1"
		sleep 3
	} | timeout 20 script -qec "stty cols 100 rows 9
		TERM=linux rssctl top -d 1 -n 2 -R $h" /dev/null
}

# It ignores the hang-up, as after nohup.
rssctl_on_lost_terminal()
{
	sleep 20 | script -qec "trap '' HUP; echo \$\$ > $scratch/pid
		TERM=linux rssctl top -d 0.1 -R $h" /dev/null > /dev/null 2>&1 &
	eventually [ -s "$scratch/pid" ]
	sleep 0.5
	kill -KILL $!
}

gone()
{
	! pgrep -P "$(cat "$scratch/pid")" > /dev/null
}

wide()
{
	h=$scratch/wide
	fake_v1_root "$h"
	fake_v1 "$h/"$'\xe5\xae\xb9\xe5\x99\xa8'
	fake_v1 "$h/abcd"
	expect 0 $'\xe5\xae\xb9\xe5\x99\xa8     19.5M' env LC_ALL=C.UTF-8 rssctl ls --root "$h"
	expect 0 'abcd     19.5M' env LC_ALL=C.UTF-8 rssctl ls --root "$h"
	expect 0 $'\xe5\xae\xb9\xe5\x99\xa8   19.5M' env LC_ALL=C.UTF-8 rssctl top --root "$h"
}
wide
if command -v script > /dev/null; then
	interactive
	began=$(date +%s)
	ends
fi

# json_name NAME TEXT: a name as JSON has it
json_name()
{
	h=$scratch/names
	fake_v1_root "$h"
	fake_v1 "$h/$1"
	expect 0 "\"name\": \"$2\"" rssctl ls --json --root "$h" "$1"
	result 'valid UTF-8' iconv -f UTF-8 -t UTF-16 -o /dev/null <<< "$output"
}
for name in $'caf\xc3\xa9' $'\xe2\x82\xac' $'\xee\x80\x80' $'\xf0\x9f\x90\xa7' \
	$'\xf4\x8f\xbf\xbf'; do
	json_name "$name" "$name"
done
json_name $'caf\xe9' 'caf\\xe9'
json_name $'\xe2\x82' '\\xe2\\x82'
json_name $'\x80a\xff' '\\x80a\\xff'
json_name $'\xc0\xaf' '\\xc0\\xaf'
json_name $'\xed\xa0\x80' '\\xed\\xa0\\x80'
json_name $'\xf4\x90\x80\x80' '\\xf4\\x90\\x80\\x80'

h=$scratch/v1
expect 2 'no command' rssctl
expect 2 'no such command: stats' rssctl stats
expect 2 'bad option -x' rssctl ls -x
expect 2 'bad option --foo' rssctl ls --foo
expect 2 'needs an argument' rssctl top -d
expect 2 "not a number of seconds: 'ab'" rssctl top -d ab
expect 2 'not a number of seconds' rssctl wait-event -t -1 web
expect 2 'not a number of seconds' rssctl wait-event -t nan web
expect 2 'not a positive number' rssctl top -n 0
expect 2 'no such order' rssctl top -s size
expect 2 'no such event' rssctl wait-event --root "$h" web oops
expect 2 'not a positive number' rssctl move --root "$h" web 12 0
expect 2 'not a positive number' rssctl move --root "$h" web -- -1
expect 2 'not KEY=VALUE' rssctl set --root "$h" web limit
expect 2 'no such setting' rssctl set --root "$h" web usage=0
expect 2 'no such setting' rssctl set --root "$h" web lim=1M
expect 2 'can be set to 0 only' rssctl set --root "$h" web failcnt=1
expect 2 "nothing to shrink to" rssctl shrink --root "$h" web max
expect 125 'too few arguments' rssctl run -l 1M
expect 125 'needs a unit' rssctl run -l 100 true
expect 125 'container exists: web' rssctl run --root "$h" -n web true
expect 125 'not the name' rssctl run --root "$h" -n / true
for command in stat set shrink move wait-event create rm enable; do
	expect 2 'too few arguments' rssctl "$command"
done
for command in ls mount stat shrink top; do
	expect 2 'too many arguments' rssctl "$command" a b c
done

expect 0 'Commands:' rssctl --help
expect 0 'rssctl 1.' rssctl --version
for command in run exec create rm enable ls stat set shrink move top wait-event mount; do
	expect 0 "Usage: rssctl $command" rssctl "$command" --help
done
full()
{
	rssctl stat --root "$h" web > /dev/full
}
expect 1 'cannot write' full
finish
