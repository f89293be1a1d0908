# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154
# Sourced by scripts that read steps of the series; only this file knows their
# format. series/NN-slug.msg has "Subject:", changelog, "---", "Overlay-file:" lines.
# series/BASE/NN-slug.patch has the hunks for a base, if there are any.

# The directories whose files are part of the kernel tree.
overlay_dirs=(Documentation include init kernel mm tools/mm tools/testing/selftests)

steps=("$repo"/series/[0-9][0-9]-*.msg)
[ -e "${steps[0]}" ] || die "no step in series/"

# Stops at a line that does not belong in a step: it would be lost silently.
step_check()
{
	awk -v step="${1##*/}" '
		function bad(why) { print step ":" NR ": " why; failed = 1; exit 1 }
		NR == 1 && !/^Subject: ./ { bad("a step starts with Subject:") }
		NR == 2 && !/^$/ { bad("no blank line after the subject") }
		/^---$/ { notes = 1; next }
		/^Signed-off-by: .+ <.+>$/ { signed = 1 }
		notes && !/^Overlay-file: [^ ]+$/ { bad("not an Overlay-file: line") }
		END {
			if (!failed && !notes) { print step ": no --- line"; failed = 1 }
			if (!failed && !signed) { print step ": no Signed-off-by:"; failed = 1 }
			exit failed
		}
	' "$1" >&2 || die "${1##*/} is not a step of the series"
}

step_message()
{
	sed -n '/^---$/q; 1s/^Subject: //; p' "$1"
}

step_overlay()
{
	sed -n '1,/^---$/d; s/^Overlay-file: //p' "$1"
}

# Where the hunks of a step are, for the base that is worked on.
step_patch()
{
	local name=${1##*/}

	echo "$repo/series/$base/${name%.msg}.patch"
}

step_hunks()
{
	local patch

	patch=$(step_patch "$1")
	[ ! -e "$patch" ] || cat "$patch"
}

# Hunks that belong to no step would get lost silently.
steps_check()
{
	local patch name

	for patch in "$repo/series/$base"/[0-9][0-9]-*.patch; do
		name=${patch##*/}
		[ ! -e "$patch" ] || [ -e "$repo/series/${name%.patch}.msg" ] ||
			die "series/$base/$name belongs to no step"
	done
}

# Overlay files are written for the newest base. What an older one needs instead is
# one patch.
overlay_patch=$repo/series/$base/overlay.patch

# The files that it changes.
overlay_patched()
{
	[ ! -e "$overlay_patch" ] || git apply --numstat -- "$overlay_patch" | cut -f 3
}

# overlay_apply DIRECTORY ARGUMENT...: applies it to what is there
overlay_apply()
{
	local directory=$1
	shift

	# No repository around it counts.
	(cd "$directory" && GIT_DIR=/nonexistent git apply "$@" -- "$overlay_patch")
}

# overlay_for_base DIRECTORY: puts the files that it changes there, changed
overlay_for_base()
{
	local path

	[ -e "$overlay_patch" ] || return 0
	while read -r path; do
		[ -f "$repo/$path" ] || die "series/$base/overlay.patch: no overlay file $path"
		mkdir -p "$1/${path%/*}"
		cp -p "$repo/$path" "$1/$path"
	done < <(overlay_patched)
	overlay_apply "$1" || die "series/$base/overlay.patch does not apply"
}

# overlay_at_home FILE PATH DIRECTORY: prints what FILE of a tree, known as PATH, is at
# its home; works in DIRECTORY
overlay_at_home()
{
	local file=$1 path=$2 directory=$3

	if ! overlay_patched | grep -qxF -- "$path"; then
		cat "$file"
		return
	fi
	mkdir -p "$directory/${path%/*}"
	cp "$file" "$directory/$path"
	overlay_apply "$directory" --reverse --include="$path" ||
		die "$path is edited where series/$base/overlay.patch changes it: edit it at its home"
	cat "$directory/$path"
}

# "Name <address>" of the first to sign the step: its author.
step_author()
{
	sed -n '/^---$/q; s/^Signed-off-by: //p' "$1" | head -n 1
}

# Files of build/linux that are in no commit. The distribution's .gitignore hides
# all of them ("/*"), so it is ignored.
untracked_files()
{
	git -C "$linux" ls-files --others --exclude='/out-*/' --exclude='.*' \
		--exclude='*.o' --exclude='*.pyc'
}

overlay_files()
{
	env --unset=GIT_DIR --unset=GIT_INDEX_FILE git -C "$repo" ls-files --cached --others --exclude-standard \
		-- "${overlay_dirs[@]}" | sort -u
}
