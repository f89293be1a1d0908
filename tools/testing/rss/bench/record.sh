#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: record.sh
# Writes the table of build/bench to Documentation/, with the commit.

. "$(dirname "$0")/../lib.sh"

record=Documentation/mm/rss_bench.rst
cd "$repo"
[ -z "$(git status --porcelain --untracked-files=no)" ] ||
	die "there are edits: commit them, so that the record can name what was measured"

"$harness/bench/bench.sh"
{
	cat <<-END
	.. SPDX-License-Identifier: GPL-2.0

	:orphan:

	==============================
	What the RSS controller costs
	==============================

	Instructions by \`\`make bench\`\`, at commit $(git rev-parse --short=12 HEAD) on
	$(git -C "$linux" log -1 --format=%s base), $(gcc --version | head -n 1),
	$(qemu-system-x86_64 --version | sed -n '1s/ (.*//p').

	The first column is the kernel without a controller; the others are what they
	add to it, or all where it has nothing to compare with (\`\`=\`\`)::

	END
	sed '/./s/^/  /' "$build/bench/table.txt"
} > "$build/bench/record"
cp "$build/bench/record" "$record"
grep -qx "Overlay-file: $record" series/*.msg ||
	die "$record is written, but no step of the series names it yet"
say "$record is written"
