#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: checkpatch.sh
# Runs checkpatch on the mails of the series. Accepted messages are listed with
# the reason in checkpatch.answers: a type and a pattern of the message.

. "$(dirname "$0")/../lib.sh"

"$harness/tree/series.sh"
cd "$build/series"
mails=(*.patch)
"$linux/scripts/checkpatch.pl" --root="$linux" --strict --terse --show-types --no-summary "${mails[@]:1}" \
	> "$build/checkpatch" || true

sed -n -e 's/^\([A-Z_]*\): \(.*\)$/:\1: .*\2/p' \
	-e 's/^\([0-9]*\) \([A-Z_]*\): \(.*\)$/^\1-.*:\2: .*\3/p' "$harness/check/checkpatch.answers" \
	> "$build/checkpatch.answered"
if grep -vE -f "$build/checkpatch.answered" "$build/checkpatch"; then
	die "checkpatch found something"
fi
echo "$((${#mails[@]} - 1)) mails, $(wc -l < "$build/checkpatch") remarks, all answered"
