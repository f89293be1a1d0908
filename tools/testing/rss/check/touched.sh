#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: touched.sh MESSAGES WHAT
# Fails with WHAT if any of the messages ("path:line: ...") in the file is about a
# line that the series adds, and shows those.

. "$(dirname "$0")/../lib.sh"

messages=$1 what=$2
git -C "$linux" diff --unified=0 --no-renames base HEAD | awk '
	FNR == NR && /^\+\+\+ / { path = substr($2, 3) }
	FNR == NR && /^@@ / {
		split(substr($3, 2), range, ",")
		count = 2 in range ? range[2] : 1
		for (i = 0; i < count; i++)
			ours[path ":" range[1] + i]
	}
	FNR == NR { next }
	{
		sub(/^(\.\.?\/)+/, "")
		split($0, part, ":")
		if ((part[1] ":" part[2]) in ours)
			print
	}
' - <(sed "s,^$linux/,," "$messages") > "$messages.ours"
if [ -s "$messages.ours" ]; then
	cat "$messages.ours"
	die "$what"
fi
