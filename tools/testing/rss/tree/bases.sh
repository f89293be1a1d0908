#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: bases.sh
# Shows what the bases do not share. Then checks that the series of $BASE applies to
# the releases of $BASES, of the distribution's archive. One may be of a newer kernel:
# then each hunk that needs a hand is named. Downloads are kept in build/apt/.

. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/archive.sh"
. "$(dirname "$0")/steps.sh"

tree=$build/bases
failed=0

# All but the hunks: those are two series.
not_shared()
{
	(cd "$repo" && git ls-files --cached --others --exclude-standard -- \
		'series/*/overlay.patch' 'series/*/source' 'series/*/*.config' |
		while read -r file; do
			echo "=== $file"
			cat "$file"
		done)
}

# needs_a_hand: the steps, with a line for each file whose hunks do not apply
needs_a_hand()
{
	local step name count=0

	cd "$tree"
	for step in "${steps[@]}"; do
		name=${step##*/}
		step_hunks "$step" > .git/rss-hunks
		[ -s .git/rss-hunks ] || continue
		git apply --reject --whitespace=nowarn -- .git/rss-hunks > .git/rss-said 2>&1 || true
		sed -n -e "s/^error: patch failed: \\(.*\\):\\([0-9]*\\)\$/${name%.msg}: \\1, hunk at line \\2/p" \
			-e "s/^error: \\(.*\\): No such file or directory\$/${name%.msg}: no \\1/p" .git/rss-said |
			tee -a .git/rss-rejected
	done
	count=$(wc -l < .git/rss-rejected)
	say "$count hunks need a hand"
}

apply_to()
{
	local package=$1 version=$2 deb

	deb=$(archive_get "$package" "$version")
	rm -rf "$tree"
	mkdir -p "$tree"
	# Of the source, only what the hunks touch is needed.
	for step in "${steps[@]}"; do
		step_hunks "$step"
	done | sed -n "s,^--- a/,$package/,p" | sort -u > "$build/touched"
	dpkg-deb --fsys-tarfile "$deb" | tar -xO "./usr/src/$package.tar.xz" |
		tar -C "$tree" --use-compress-program='xz -T0' --strip-components=1 \
			-x -T "$build/touched" 2> "$build/missing" ||
		sed -n 's/^tar: \(.*\): Not found.*/the source has no \1/p' "$build/missing"
	git -C "$tree" init --quiet
	git -C "$tree" add --all --force .
	git -C "$tree" -c user.name=x -c user.email=x@localhost commit --quiet -m "$version"
	git -C "$tree" tag base
	if "$harness/tree/assemble.sh" "$tree/.git" > /dev/null 2> "$tree/.git/rss-why"; then
		say "the series for $base applies to $version"
	else
		cat "$tree/.git/rss-why"
		say "the series for $base does not apply to $version"
		(needs_a_hand)
		failed=$((failed + 1))
	fi
}

not_shared > "$build/not-shared"
cat "$build/not-shared"
say "$(wc -l < "$build/not-shared") lines are not shared by the bases, hooks aside"

archive_open "$suite"
for release in ${BASES:-$releases}; do
	package=linux-source-${release%.*}
	version=
	while read -r candidate; do
		[[ $candidate == "$release"-* ]] && version=$candidate
	done < <(archive_versions "$package")
	[ -n "$version" ] || die "the package archive does not offer $release"
	apply_to "$package" "$version"
done
[ "$failed" = 0 ] || die "the series does not apply to $failed of them"
