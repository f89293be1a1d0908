# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154
# Sourced by scripts that read steps of the series; only this file knows their
# format: "Subject:", changelog, "---", "Overlay-file:" lines, hunks.

# The directories whose files are part of the kernel tree.
overlay_dirs=(Documentation include init kernel mm tools/mm tools/testing/selftests)

steps=("$repo"/series/[0-9][0-9]-*.patch)
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
		/^diff --git / { hunks = 1; exit }
		notes && !/^(Overlay-file: [^ ]+)?$/ { bad("neither Overlay-file: nor diff") }
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
	sed -n '/^diff --git /q; s/^Overlay-file: //p' "$1"
}

step_hunks()
{
	sed -n '/^diff --git /,$p' "$1"
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
