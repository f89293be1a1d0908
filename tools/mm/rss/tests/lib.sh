# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced by the tests: running programs, comparing, hierarchies to work on.

set -uo pipefail

checks=0 failures=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# result NAME COMMAND...: a line of TAP
result()
{
	local name=$1
	shift

	checks=$((checks + 1))
	if "$@"; then
		echo "ok $checks - $name"
	else
		echo "not ok $checks - $name"
		failures=$((failures + 1))
	fi
}

# expect STATUS TEXT COMMAND...: how it ends, and what is in its output. An
# error is one line.
expect()
{
	local status=$1 text=$2 got=0
	shift 2

	output=$("$@" 2>&1 < /dev/null) || got=$?
	result "${*##*/}" expected "$status" "$text" "$got"
}

expected()
{
	if [ "$3" != "$1" ]; then
		echo "# status $3, not $1: $output"
		return 1
	fi
	if [[ $output != *"$2"* ]]; then
		echo "# no '$2' in: $output"
		return 1
	fi
	if [ "$1" != 0 ] && [ "$(wc -l <<< "$output")" != 1 ]; then
		echo "# more than a line: $output"
		return 1
	fi
}

# contains FILE TEXT: has exactly this text
contains()
{
	local text

	text=$(cat "$1")
	[ "$text" = "$2" ] && return
	echo "# $1 has '$text', not '$2'"
	return 1
}

# eventually COMMAND...: within ten seconds or so. Files that are written over
# and over, as no kernel reacts, are empty most of the time: it looks often.
eventually()
{
	local polls=1000 said

	until said=$("$@"); do
		polls=$((polls - 1))
		if [ $polls = 0 ]; then
			echo "$said"
			return 1
		fi
		sleep 0.01
	done
}

# put FILE TEXT: a change that no reader sees half of
put()
{
	echo "$2" > "$scratch/put"
	mv "$scratch/put" "$1"
}

# A hierarchy of plain files: a write changes the file and nothing else.
fake_v1_root()
{
	mkdir -p "$1"
	echo 5000 > "$1/rss_usage"
	printf 'anon 4000\nfile 1000\npgscan 7\npgsteal 3\n' > "$1/rss_stat"
}

fake_v1()
{
	fake_v1_root "$1"
	echo 10000 > "$1/rss_limit"
	echo 7000 > "$1/rss_max_usage"
	echo max > "$1/rss_watermark"
	echo 3 > "$1/rss_failcnt"
	echo 77 > "$1/rss_reclaimed"
	printf 'watermark 1\nlimit 3\noom 2\noom_kill 1\n' > "$1/rss_events"
	: > "$1/rss_shrink_in_bytes"
	: > "$1/cgroup.procs"
}

fake_v2_root()
{
	mkdir -p "$1"
	echo 20480000 > "$1/rss.current"
	printf 'anon 16384000\nfile 4096000\npgscan 7\npgsteal 3\n' > "$1/rss.stat"
	echo "cpu rss pids" > "$1/cgroup.controllers"
	: > "$1/cgroup.subtree_control"
}

fake_v2()
{
	fake_v2_root "$1"
	echo 40960000 > "$1/rss.max"
	echo 28672000 > "$1/rss.peak"
	echo max > "$1/rss.watermark"
	printf 'watermark 1\nmax 3\noom 2\noom_kill 1\n' > "$1/rss.events"
	cp "$1/rss.events" "$1/rss.events.local"
	: > "$1/rss.reclaim"
	: > "$1/cgroup.procs"
}

finish()
{
	echo "1..$checks"
	[ "$failures" = 0 ]
}
