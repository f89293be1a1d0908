#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: series-check.sh
# Checks that a second assembly gives the same commits, and that "git am" of
# the mails onto the base gives the same tree.

. "$(dirname "$0")/../lib.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"; git -C "$linux" worktree prune' EXIT

head=$(git -C "$linux" rev-parse HEAD)

# Another repository, user, home, time zone and umask; the base is borrowed.
git init --quiet --bare "$work/second.git"
echo "$linux/.git/objects" > "$work/second.git/objects/info/alternates"
git -C "$work/second.git" tag base "$(git -C "$linux" rev-parse base)"
second=$(umask 077 && cd / && HOME=$work USER=nobody TZ=Pacific/Apia \
	"$harness/tree/assemble.sh" "$work/second.git")
[ "$second" = "$head" ] || die "a second assembly gives $second, not $head"
say "two assemblies are identical: $head"

"$harness/tree/series.sh"
# Only the files that the series touches are checked out.
git -C "$linux" worktree add --quiet --no-checkout --detach "$work/am" base
cd "$work/am"
git -C "$linux" diff --no-renames --name-only base "$head" | sed 's,^,/,' |
	git sparse-checkout set --no-cone --stdin
git checkout --quiet
mails=("$build"/series/*.patch)
git -c user.name=am -c user.email=am@localhost am --quiet "${mails[@]:1}"
[ "$(git rev-parse 'HEAD^{tree}')" = "$(git rev-parse "$head^{tree}")" ] ||
	die "git am of the mails gives another tree"
say "git am gives the same tree: $(git rev-parse 'HEAD^{tree}')"
