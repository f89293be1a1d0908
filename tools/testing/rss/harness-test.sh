#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: harness-test.sh FLAVOUR
# Proves that the harness detects failures: guests that crash, hang, warn, or
# report badly (guest/broken.sh). The verdict must name the failure.

. "$(dirname "$0")/lib.sh"

flavour=$1
wrong=0

# expect BREAK "PASSED FAILED SKIPPED" TEXT: the verdict on a guest so broken
expect()
{
	local break=$1 count=$2 text=$3 results=$build/results/harness/$1

	"$harness/qemu/boot.sh" "$flavour" "$results" 30 broken "BREAK=$break"
	"$harness/qemu/judge.sh" "$results" > "$results/verdict"
	if [ "$(cat "$results/count")" = "$count" ] && grep -q -- "$text" "$results/verdict"; then
		echo "ok $break"
	else
		echo "not ok $break: expected $count and '$text', got $(cat "$results/count")"
		wrong=$((wrong + 1))
	fi
}

"$harness/qemu/initramfs.sh" "$flavour"
expect nothing '1 0 0' '1 passed, 0 failed'
expect crash '1 2 0' 'the guest died'
expect hang '1 1 0' 'not done after 30 s'
expect warning '1 1 0' 'WARNING: CPU'
expect lockdep '1 1 0' 'possible recursive locking'
expect fail '1 1 0' 'not ok: broken'
expect short '1 1 0' '1 results for a plan of 2'
expect no-plan '1 1 0' 'no plan'
expect no-test '0 1 0' 'no test'
expect no-report '0 1 0' 'no report'
expect exit '1 1 0' 'exit status 139'
expect replaced '1 1 0' 'Oops: int3: '
# This may be QEMU's fault, unless it keeps happening.
if [ ! -e "$build/results/harness/.replaced.2" ]; then
	echo "not ok replaced: it was not tried three times"
	wrong=$((wrong + 1))
elif [ ! -e "$build/results/harness/replaced/host/went-on" ]; then
	echo "not ok replaced: it did not go on from the reports"
	wrong=$((wrong + 1))
fi
[ "$wrong" = 0 ] || die "the harness missed $wrong failures"
