#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: total.sh RESULTS...
# Prints the sum of what judge.sh counted, and leaves it in build/results/count;
# fails unless tests passed and none failed.

. "$(dirname "$0")/../lib.sh"

passed=0 failed=0 skipped=0
for results; do
	read -r p f s < "$results/count"
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done
echo "$passed $failed $skipped" > "$build/results/count"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$passed" != 0 ] && [ "$failed" = 0 ] || exit "$reported"
