#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# "rssctl run" where containers can be made and removed: what it kills, which
# signals it passes on, and what it leaves.

. "$(dirname "$0")/lib.sh"

export FAKE_CONTAINER=$scratch/files
${CC:-cc} -shared -fPIC -o "$scratch/fake.so" "$(dirname "$0")/fake_cgroup.c"
# What is preloaded comes in front of the sanitizers.
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0
run=(env LD_PRELOAD="$scratch/fake.so" rssctl run --name job --root)

# hierarchy VERSION: to work on, in $h; containers are like $FAKE_CONTAINER
hierarchy()
{
	h=$scratch/v$1
	rm -rf "$FAKE_CONTAINER"
	"fake_v$1" "$FAKE_CONTAINER"
	"fake_v$1_root" "$h"
	if [ "$1" = 2 ]; then
		: > "$FAKE_CONTAINER/cgroup.kill"
	fi
}

is_gone()
{
	[ ! -e "$h/job" ]
}

# expect_job STATUS TEXT SCRIPT: and nothing of the container is left
expect_job()
{
	expect "$1" "$2" timeout 15 "${run[@]}" "$h" sh -c "$3"
	result 'it is gone' is_gone
}

# has_state STATE PID
has_state()
{
	grep -q "^State:.$1" "/proc/$2/status"
}

# on_terminal ACTION COMMAND...: as the leader of a session; when the command
# says that it is ready, the action happens.
on_terminal()
{
	local action=$1 keys
	shift

	rm -f "$scratch/said"
	mkfifo "$scratch/keys"
	script --quiet --flush --command "exec $(printf '%q ' "${run[@]}" "$h" "$@")" \
		/dev/null < "$scratch/keys" > "$scratch/said" 2>&1 &
	terminal=$!
	exec {keys}> "$scratch/keys"
	result 'the command runs' eventually grep -qs ready "$scratch/said"
	"$action" "$keys"
	eventually is_gone
	exec {keys}>&-
	wait "$terminal" 2> /dev/null
	rm "$scratch/keys"
	result 'it is gone' is_gone
}

interrupt()
{
	printf '\003' >&"$1"
}

hang_up()
{
	kill -KILL "$terminal"
}

# A command that tells which signal it got; without any, it ends some day.
waiting="for i in \$(seq 150); do sleep 0.1; done"
telling="trap 'echo INT > $scratch/got; exit' INT
	trap 'echo HUP > $scratch/got; exit' HUP
	echo ready; $waiting"

hierarchy 1
expect_job 7 'took 1 task' 'exit 7'
sed -i 's/oom_kill 1/oom_kill 0/' "$FAKE_CONTAINER/rss_events"

# What the files say at the end
summary()
{
	expect 3 'job: 0.' timeout 15 "${run[@]}" "$h" --summary sh -c 'exit 3'
	result 'all is in it' [ "${output#*, }" = \
		'peak 27.3M of 39.1M, limit hit 3 times, 308K reclaimed, 0 OOM kills' ]
	expect 0 '' timeout 15 "${run[@]}" "$h" --json --output "$scratch/summary" true
	result 'as JSON' grep -q '"name":"job","limit":40960000,.*"limit":3,.*"status":0}$' \
		"$scratch/summary"
	expect 125 'No such file' "${run[@]}" "$h" -o "$scratch/none/x" true
	result 'nothing was made' is_gone
}
summary

# Containers that stay
create()
{
	fake=(env LD_PRELOAD="$scratch/fake.so" rssctl)
	expect 0 '' "${fake[@]}" create --root "$h" -p -l 16M -w 50% made/a/b
	result 'a limit' contains "$h/made/a/b/rss_limit" $((16777216 / $(getconf PAGESIZE)))
	result 'a watermark' contains "$h/made/a/b/rss_watermark" $((8388608 / $(getconf PAGESIZE)))
	result 'no limit above' contains "$h/made/a/rss_limit" 10000
	expect 1 'container exists: made/a' "${fake[@]}" create --root "$h" made/a
	expect 4 'no such container: none' "${fake[@]}" create --root "$h" none/a
	expect 5 'made: busy: it has' "${fake[@]}" rm --root "$h" made
	expect 0 '' "${fake[@]}" rm --root "$h" made/a/b made/a
	result 'they are gone' [ ! -e "$h/made/a" ]
	expect 7 '' "${fake[@]}" exec --root "$h" made sh -c "exit 7"
	result 'it is in there' contains "$h/made/cgroup.procs" 0
	sleep 20 & echo $! > "$h/made/cgroup.procs"
	expect 5 'made: busy: it has' "${fake[@]}" rm --root "$h" made
	expect 0 '' "${fake[@]}" rm --kill --root "$h" made
	result 'it is gone with its process' [ ! -e "$h/made" ]
	expect 127 'no-such: No such file' "${fake[@]}" exec --root "$h" / no-such
	expect 4 'no such container' "${fake[@]}" rm --root "$h" none
	expect 2 "the root can't be removed" "${fake[@]}" rm --root "$h" /
}
: > "$h/cgroup.procs"
create

# A task that keeps starting others, each in a container of its own
expect_job 0 '' "(for i in \$(seq 1000); do
		cp -r $FAKE_CONTAINER $h/job/\$i
		sleep 20 & echo \$! > $h/job/\$i/cgroup.procs
		wait
	done) > /dev/null 2>&1 & echo \$! > $h/job/cgroup.procs; sleep 0.2"

# A container that got the name meanwhile is not ours.
renamed()
{
	expect 0 '' timeout 15 "${run[@]}" "$h" sh -c "mv $h/job $h/renamed
		cp -r $FAKE_CONTAINER $h/job
		sleep 20 > /dev/null 2>&1 & echo \$! > $h/renamed/cgroup.procs
		(sleep 20; true) > /dev/null 2>&1 & echo \$! > $h/job/cgroup.procs"
	result 'a stranger lives' kill -0 "$(cat "$h/job/cgroup.procs")"
	result 'the renamed container is gone' [ ! -e "$h/renamed" ]
	kill "$(cat "$h/job/cgroup.procs")"
	rm -r "$h/job"
}
renamed

# Too long a path for the kernel to follow
deep()
{
	local name

	name=$(printf '%0200d' 0)
	expect 0 '' timeout 60 "${run[@]}" "$h" bash -c "cd $h/job
		for i in \$(seq 25); do cp -r $FAKE_CONTAINER $name && cd $name; done"
	result 'a long path is gone' is_gone
}
deep

on_terminal interrupt timeout 12 sh -c "$telling"
result 'an interrupt gets to another process group' contains "$scratch/got" INT
on_terminal hang_up sh -c "$telling"
result 'a hang-up gets to the command' contains "$scratch/got" HUP

# With job control, the shell can continue it.
set -m
"${run[@]}" "$h" sh -c "echo \$\$ > $scratch/pid
	for i in \$(seq 150); do [ ! -e $scratch/go ] || exit 6; sleep 0.1; done" &
set +m
pid=$!
eventually [ -s "$scratch/pid" ]
kill -TSTP "$pid"
result 'rssctl stops' eventually has_state T "$pid"
result 'so does the command' eventually has_state T "$(cat "$scratch/pid")"
touch "$scratch/go"
kill -CONT "$pid"
wait "$pid"
result 'both go on' [ $? = 6 ]

# job SCRIPT: as a job of a shell; it can wait for "go"
job()
{
	rm -f "$scratch/go" "$scratch/pid"
	set -m
	"${run[@]}" "$h" sh -c "wait_for_go() {
			for i in \$(seq 150); do [ ! -e $scratch/go ] || break; sleep 0.1; done
		}
		$1" &
	set +m
	pid=$!
	eventually [ -s "$scratch/pid" ]
}

# A command that stops itself gives the terminal back.
job "echo \$\$ > $scratch/pid; kill -STOP \$\$; exit 6"
result 'rssctl stops with the command' eventually has_state T "$pid"
kill -CONT "$pid"
wait "$pid"
result 'and goes on with it' [ $? = 6 ]

# One that does not stop keeps it.
job "trap '' TSTP; echo \$\$ > $scratch/pid; wait_for_go; exit 5"
kill -TSTP "$pid"
sleep 0.5
result 'rssctl waits for a command that goes on' has_state S "$pid"
touch "$scratch/go"
wait "$pid"
result 'to its end' [ $? = 5 ]

# What a signal interrupts is tried again, a signal that does not end it.
interrupted()
{
	expect 0 '' env LD_PRELOAD="$scratch/fake.so" FAKE_SIGNAL_AT="$1" rssctl "${@:2}"
}
fake_v1 "$h/busy"
interrupted 4096 set --root "$h" busy limit=4096p
result 'a limit is set after a signal' contains "$h/busy/rss_limit" 4096
interrupted 4194304 shrink --root "$h" busy 4M
result 'so is shrunk' contains "$h/busy/rss_shrink_in_bytes" 4194304
rm -r "$h/busy"

# The reader has gone when rssctl tells of the task that was killed.
sed -i 's/oom_kill 0/oom_kill 1/' "$FAKE_CONTAINER/rss_events"
{ "${run[@]}" "$h" sleep 0.3 2>&1; echo $? > "$scratch/status"; } | :
result 'nobody has to listen' contains "$scratch/status" 0
result 'it is gone' is_gone
inherited=(grep -E '^Sig(Blk|Ign)' /proc/self/status)
expect_job 0 "$(timeout 15 "${inherited[@]}")" "exec ${inherited[*]@Q}"

hierarchy 2
expect_job 0 '' true
result 'v2 enables it' contains "$h/cgroup.subtree_control" +rss
fake_v2 "$h/given"
echo 'cpu rss' | tee "$h/cgroup.subtree_control" > "$h/given/cgroup.subtree_control"
mkdir -p "$h/x/y"
: > "$h/x/cgroup.subtree_control"
expect 0 '' rssctl enable --root "$h" x/y
result 'enabled' contains "$h/x/cgroup.subtree_control" +rss
rm -r "$h/x"
expect 0 '' "${run[@]}" "$h" --name given/job true
result 'v2 leaves what is enabled' contains "$h/cgroup.subtree_control" 'cpu rss'
result 'v2 leaves that below' contains "$h/given/cgroup.subtree_control" 'cpu rss'
# It plays the kernel: ends when that is told to kill.
expect_job 0 '' "mkdir $h/job/a; cp $FAKE_CONTAINER/* $h/job/a
	(until grep -q 1 $h/job/cgroup.kill; do sleep 0.01; done
	echo all > $scratch/killed) > /dev/null 2>&1 &
	echo \$! > $h/job/a/cgroup.procs"
result 'v2 has the kernel kill' contains "$scratch/killed" all
finish
