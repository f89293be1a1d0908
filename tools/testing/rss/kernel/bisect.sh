#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: bisect.sh
# Checks that each step of the series compiles, with the controller built in
# (as far as the step contains it) and built out.

. "$(dirname "$0")/../lib.sh"

tree=$build/bisect
[ -e "$tree/Makefile" ] || git -C "$linux" worktree add --quiet --detach "$tree" base

# The options of the rss fragment that the tree has.
known_options()
{
	local line option

	while read -r line; do
		option=${line%%=*}
		git -C "$tree" grep -qwE "config ${option#CONFIG_}" -- '*Kconfig*' && echo "$line"
	done < <(grep '^CONFIG_' "$harness/flavours/rss.config")
	return 0
}

cd "$harness/flavours"
for commit in $(git -C "$linux" rev-list --reverse base..HEAD); do
	git -C "$tree" checkout --quiet "$commit"
	say "$(git -C "$tree" log -1 --format=%s)"
	for out in on off; do
		: > "$build/bisect-rss.config"
		[ "$out" = off ] || known_options > "$build/bisect-rss.config"
		"$harness/kernel/config.sh" "$tree" "$tree/out-$out" \
			base.config test.config release.config "$build/bisect-rss.config"
		kmake "$tree" "$tree/out-$out" mm/ kernel/ fs/
	done
done
say "each of $(git -C "$linux" rev-list --count base..HEAD) steps compiles"
