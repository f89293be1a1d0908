#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: tree.sh
# Brings $linux to the base and the series. Only files whose content
# changes are written, so kernel builds stay incremental.

. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/steps.sh"

"$harness/tree/import.sh"
cd "$linux"

edited()
{
	[ "$(git rev-parse HEAD)" != "$(git rev-parse refs/rss/assembled)" ] ||
		[ -n "$(git status --porcelain)$(untracked_files)" ]
}

if [ "${FORCE:-}" != 1 ] && edited; then
	die "$linux has edits: 'make refresh' brings them back," \
		"'make tree FORCE=1' throws them away"
fi

new=$("$harness/tree/assemble.sh" .git)
git diff --no-renames --name-only --diff-filter=D -z HEAD "$new" | xargs -0 rm -f --
git update-ref refs/rss/assembled "$new"
# The index first: files already in the work tree are then left alone.
git reset --quiet --mixed "$new"
git reset --quiet --hard
say "${linux#"$repo/"} is at $(git rev-parse --short=12 HEAD):" \
	"$(git log -1 --format=%s base) and $(git rev-list --count base..HEAD) steps"
