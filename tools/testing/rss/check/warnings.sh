#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: warnings.sh
# Compiles what the series touches with W=1 and sparse; a warning about a line
# that it adds is an error.

. "$(dirname "$0")/../lib.sh"

out=$linux/out-check
(cd "$harness/flavours" && "$harness/kernel/config.sh" "$linux" "$out" \
	base.config test.config release.config rss.config)

# Sources that others include, such as KUnit suites, have no object of their own.
mapfile -t objects < <(git -C "$linux" diff --name-only --diff-filter=AM base HEAD \
	-- '*.c' ':!tools' ':!Documentation' |
	while read -r source; do
		object=${source%.c}.o
		grep -qw "${object##*/}" "$linux/${source%/*}/Makefile" && echo "$object"
	done)
[ ${#objects[@]} != 0 ] || die "no object to check"

(cd "$out" && rm -f "${objects[@]}")
# WERROR would stop at a warning that is not ours.
kmake "$linux" "$out" W=1 C=2 CONFIG_WERROR= "${objects[@]}" 2> "$build/warnings" ||
	{ cat "$build/warnings"; die "compilation failed"; }

"$harness/check/touched.sh" "$build/warnings" "compiler or sparse warnings"
echo "${#objects[@]} objects"
