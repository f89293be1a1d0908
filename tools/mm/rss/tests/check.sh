#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: check.sh BUILD
# Runs the tests with the programs of a build; ends with the number of checks.

tests=$(dirname "$0")
build=$(cd "$1" && pwd)
# script(1) runs its command by $SHELL, which may be unset without a login; and
# signals may be ignored from the start, as under nohup(1).
export PATH=$build:$PATH LC_ALL=C SHELL=$BASH
# What a sanitizer finds is an exit status that no test expects.
export ASAN_OPTIONS=exitcode=99 UBSAN_OPTIONS=halt_on_error=1:exitcode=99

passed=0 failed=0
for test in sizes rssctl run config rssd docs; do
	status=0
	output=$(timeout 300 env --default-signal "$tests/$test.sh" "$build" 2>&1) || status=$?
	passed=$((passed + $(grep -c '^ok ' <<< "$output")))
	bad=$(grep -c '^not ok ' <<< "$output")
	grep -q '^1\.\.[1-9]' <<< "$output" || bad=$((bad + 1))
	[ "$status" = 0 ] || [ "$bad" != 0 ] || bad=1
	failed=$((failed + bad))
	[ "$bad" = 0 ] ||
		awk -v test="$test: " '!/^ok / { print test $0 }' <<< "$output"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
