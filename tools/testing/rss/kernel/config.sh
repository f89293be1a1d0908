#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: config.sh TREE OUT FRAGMENT...
# Configures OUT, a build directory of TREE, as allnoconfig plus the fragments,
# which are files; series/BASE/FRAGMENT adds what only that base has. It is an error
# if an option differs from the last fragment that sets it.

. "$(dirname "$0")/../lib.sh"

tree=$1 out=$2
shift 2

mkdir -p "$out"
for fragment; do
	cat "$fragment"
	own=$repo/series/$base/${fragment##*/}
	[ ! -e "$own" ] || cat "$own"
done > "$out/fragments"
# An unchanged .config is not written, so nothing is recompiled.
kmake "$tree" "$out" KCONFIG_ALLCONFIG="$out/fragments" allnoconfig \
	> "$out/config.log" 2>&1 || { cat "$out/config.log"; die "allnoconfig failed"; }

# A later fragment overrides an earlier one.
awk '
	match($0, /CONFIG_[A-Za-z0-9_]+/) && /^(CONFIG_[^=]*=|# CONFIG_.* is not set)/ {
		wanted[substr($0, RSTART, RLENGTH)] = $0
	}
	END { for (option in wanted) print wanted[option] }
' "$out/fragments" | sort > "$out/fragments.wanted"

missing=0
while read -r line; do
	grep -qxF -- "$line" "$out/.config" && continue
	# An option whose dependencies are off is not listed at all.
	option=${line#\# } option=${option%% *}
	[[ $line == "#"* ]] && ! grep -q "^$option=" "$out/.config" && continue
	echo "did not stick: $line (is: $(grep -w "${option%%=*}" "$out/.config" || echo absent))" >&2
	missing=$((missing + 1))
done < "$out/fragments.wanted"
[ "$missing" = 0 ] || die "$missing options of the fragments did not stick in $out/.config"
