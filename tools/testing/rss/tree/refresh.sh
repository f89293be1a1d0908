#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: refresh.sh
# Brings edits of $linux back. Commits become the steps of the series: a file of the
# base as hunks, any other as an overlay file. Uncommitted edits to overlay files are
# included; those to files of the base go to $STEP.

. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/steps.sh"

cd "$linux"

in_base()
{
	git cat-file -e "base:$1" 2> /dev/null
}

# Of the paths read: those that the base has ("old") or does not have ("new").
paths()
{
	local path

	while read -r path; do
		if in_base "$path"; then
			[ "$1" = new ] || echo "$path"
		else
			[ "$1" = old ] || echo "$path"
		fi
	done
}

# The difference of two trees, or of a tree and the work tree, in files of the base.
hunks()
{
	local old

	mapfile -t old < <(git diff --no-renames --name-only "$@" | paths old)
	[ ${#old[@]} = 0 ] || git diff --no-renames --abbrev=12 "$@" -- "${old[@]}"
}

apply_cached()
{
	[ ! -s "$1" ] || git apply --cached -- "$1"
}

mapfile -t commits < <(git rev-list --reverse base..HEAD)
[ ${#steps[@]} = ${#commits[@]} ] ||
	die "${#commits[@]} commits for ${#steps[@]} steps:" \
		"squash fixups with 'git rebase -i --autosquash base', add or remove step files"

untracked=$(untracked_files)
[ -z "$untracked" ] || die "commit in a step (git add --force):" "$(paste -sd " " <<< "$untracked")"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
hunks HEAD > "$work/edits"
if [ -s "$work/edits" ] && [ -z "${STEP:-}" ]; then
	die "uncommitted edits to $(git diff --name-only HEAD | paths old | paste -sd " "):" \
		"say STEP=NN, or commit them"
fi
if [ -n "${STEP:-}" ]; then
	compgen -G "$repo/series/$STEP-*.msg" > /dev/null || die "no step $STEP"
fi

# Overlay files are left out of the walk: each has one content, the last.
export GIT_INDEX_FILE=$PWD/.git/rss-index
tree=$(git rev-parse 'base^{tree}')
git read-tree "$tree"
for i in "${!steps[@]}"; do
	step=${steps[i]} commit=${commits[i]} name=${steps[i]##*/}
	hunks "$commit^" "$commit" > "$work/hunks"
	apply_cached "$work/hunks" ||
		die "$name no longer applies over the edits: commit and rebase by hand"
	if [ "${name%%-*}" = "${STEP:-}" ]; then
		apply_cached "$work/edits" ||
			die "the edits do not apply at $name: commit and rebase by hand"
	fi
	new=$(git write-tree)
	{
		git log -1 --format='Subject: %B' "$commit" | git stripspace
		echo ---
		git diff --no-renames --name-only --diff-filter=A "$commit^" "$commit" |
			paths new | sed 's/^/Overlay-file: /'
	} > "$work/$name"
	hunks "$tree" "$new" > "$work/${name%.msg}.patch"
	tree=$new
done
unset GIT_INDEX_FILE

# at_home PATH: what the file of the work tree is at its home, in $work/file; and
# what it was when the tree was assembled, in $work/assembled
at_home()
{
	overlay_at_home "$1" "$1" "$work/home" > "$work/file"
	git show "refs/rss/assembled:$1" > "$work/blob" 2> /dev/null || : > "$work/blob"
	[ ! -s "$work/blob" ] ||
		overlay_at_home "$work/blob" "$1" "$work/home" > "$work/assembled"
	[ -s "$work/blob" ] || : > "$work/assembled"
}

for path in $(git diff --no-renames --name-only refs/rss/assembled | paths new); do
	if [ ! -e "$path" ] || ! git cat-file -e "refs/rss/assembled:$path" 2> /dev/null; then
		continue
	fi
	at_home "$path"
	cmp -s "$repo/$path" "$work/assembled" || cmp -s "$repo/$path" "$work/file" ||
		die "$path is edited here and at its home: make them the same first"
done

# bring_back FROM TO: an empty file is none
changed=0
bring_back()
{
	local from=$1 to=$2

	if [ -s "$from" ]; then
		cmp -s "$from" "$to" && return
		mkdir -p "${to%/*}"
		cp "$from" "$to"
	else
		[ -e "$to" ] || return 0
		rm "$to"
	fi
	echo "${to#"$repo/"}"
	changed=$((changed + 1))
}

for step in "${steps[@]}"; do
	patch=$(step_patch "$step")
	bring_back "$work/${step##*/}" "$step"
	bring_back "$work/${patch##*/}" "$patch"
done
while read -r path; do
	[ -e "$path" ] || die "$path is gone: remove it from the overlay and its step"
	at_home "$path"
	# Edited in the overlay since the tree was assembled, and only there?
	cmp -s "$work/file" "$work/assembled" || bring_back "$work/file" "$repo/$path"
done < <(git diff --no-renames --name-only base | paths new)
say "$changed files brought back"

FORCE=1 "$harness/tree/tree.sh"
