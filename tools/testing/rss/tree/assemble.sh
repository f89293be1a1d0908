#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: assemble.sh GIT_DIR
# Commits the steps of the series on top of "base" and prints the last commit.
# No work tree is touched. Identity and date come from the steps alone, so the
# commits are the same wherever and whenever they are made.

. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/steps.sh"

GIT_DIR=$(cd "$1" && pwd)
export GIT_DIR
export GIT_INDEX_FILE=$GIT_DIR/rss-index
# One at a time. The lock ends with its process, that of the index does not.
exec 9> "$GIT_DIR/rss-lock"
flock 9
rm -f "$GIT_INDEX_FILE.lock"
overlay=$GIT_DIR/rss-overlay
rm -rf "$overlay"

export GIT_AUTHOR_DATE='2025-01-01T00:00:00Z' GIT_COMMITTER_DATE='2025-01-01T00:00:00Z'

# overlay_file PATH: where it is, with what the base needs instead
overlay_file()
{
	if [ -e "$overlay/$1" ]; then
		echo "$overlay/$1"
	else
		echo "$repo/$1"
	fi
}

add_overlay_files()
{
	local step=$1 path file mode
	shift

	[ $# != 0 ] || return 0
	[ -z "$(git ls-files -- "$@")" ] ||
		die "$step: enters a second time: $(git ls-files -- "$@" | head -n 1)"
	[ -z "$(printf '%s\n' "$@" | sort | uniq -d)" ] ||
		die "$step: named twice: $(printf '%s\n' "$@" | sort | uniq -d | head -n 1)"
	for path; do
		[ -f "$repo/$path" ] || die "$step: no overlay file $path"
		file=$(overlay_file "$path")
		mode=100644
		[ ! -x "$file" ] || mode=100755
		printf '%s %s\t%s\n' "$mode" \
			"$(git hash-object -w --no-filters -- "$file")" "$path"
	done | git update-index --index-info
}

# A directory whose files enter with several steps has one Makefile, named by
# the first of them. The line of an object enters with its source.
add_objects()
{
	local path line

	while read -r path; do
		while IFS= read -r line; do
			[[ ! $line =~ ^obj-.*" += "([^ ]*)\.o$ ]] ||
				[ -n "$(git ls-files -- "${path%/*}/${BASH_REMATCH[1]}.c")" ] || continue
			printf '%s\n' "$line"
		done < "$(overlay_file "$path")" > "$GIT_DIR/rss-makefile"
		printf '100644 %s\t%s\n' \
			"$(git hash-object -w --no-filters -- "$GIT_DIR/rss-makefile")" "$path"
	done < <(sed -n '/\/Makefile$/p' "$GIT_DIR/rss-named") | git update-index --index-info
}

add_hunks()
{
	local step=$1 file=$2 path

	step_hunks "$file" > "$GIT_DIR/rss-hunks"
	[ -s "$GIT_DIR/rss-hunks" ] || return 0
	while read -r path; do
		git cat-file -e "base:$path" 2> /dev/null ||
			die "$step: a hunk for $path, which the base does not have"
	done < <(git apply --numstat -- "$GIT_DIR/rss-hunks" | cut -f 3)
	git apply --cached --whitespace=error-all -- "$GIT_DIR/rss-hunks" ||
		die "$step: a hunk does not apply"
}

commit_step()
{
	local parent=$1 file=$2 author

	author=$(step_author "$file")
	export GIT_AUTHOR_NAME=${author% <*} GIT_COMMITTER_NAME=${author% <*}
	author=${author##*<}
	export GIT_AUTHOR_EMAIL=${author%>} GIT_COMMITTER_EMAIL=${author%>}
	step_message "$file" | git stripspace |
		git commit-tree -p "$parent" "$(git write-tree)"
}

steps_check
overlay_for_base "$overlay"
git read-tree base
head=$(git rev-parse base)
: > "$GIT_DIR/rss-named"
for file in "${steps[@]}"; do
	step_check "$file"
	mapfile -t named < <(step_overlay "$file")
	add_overlay_files "${file##*/}" "${named[@]}"
	printf '%s\n' "${named[@]}" >> "$GIT_DIR/rss-named"
	add_objects
	add_hunks "${file##*/}" "$file"
	head=$(commit_step "$head" "$file")
done

unnamed=$(comm -23 <(overlay_files) <(sort "$GIT_DIR/rss-named"))
[ -z "$unnamed" ] || die "no step names" "$(head -n 5 <<< "$unnamed" | paste -sd " ")"
echo "$head"
