#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: touched.sh < MESSAGES
# Passes on the messages ("path:line: ...") about lines that the series adds.

. "$(dirname "$0")/../lib.sh"

exec 3<&0
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
' - /dev/fd/3
