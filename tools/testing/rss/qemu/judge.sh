#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: judge.sh RESULTS
# Reports what is wrong with a boot of boot.sh, and leaves in RESULTS/count how
# many tests "passed failed skipped". Besides failing tests, a guest that did
# not finish and kernel alarms on the console are failures.

. "$(dirname "$0")/../lib.sh"

results=$1
passed=0 failed=0 skipped=0

failure()
{
	echo "FAIL ${results##*/}: $*"
	failed=$((failed + 1))
}

for report in "$results"/host/*.tap; do
	if [ ! -e "$report" ]; then
		failure "no report"
		break
	fi
	mapfile -t lines < <(awk -f "$harness/qemu/ktap.awk" "$report")
	read -r p f s <<< "${lines[-1]}"
	unset 'lines[-1]'
	for line in "${lines[@]}"; do
		echo "FAIL ${results##*/}/$(basename "$report" .tap): $line"
	done
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done

# A crashed guest has no dmesg, a watched one has a quiet console.
alarms=$(cat "$results/console" "$results/host/dmesg" 2> /dev/null |
	grep -E -A 8 -f "$harness/qemu/alarms" | head -n 40) || true
[ -z "$alarms" ] || failure "the kernel complained:"$'\n'"$alarms"

if [ -e "$results/timed-out" ]; then
	failure "not done after $(cat "$results/timed-out") s; the console's last lines:"
	tail -n 40 "$results/console"
elif [ ! -e "$results/host/done" ]; then
	failure "the guest died; the console's last lines:"
	tail -n 40 "$results/console"
fi

echo "$passed $failed $skipped" > "$results/count"
echo "${results##*/}: $passed passed, $failed failed, $skipped skipped"
