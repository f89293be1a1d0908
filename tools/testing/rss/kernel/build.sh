#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: build.sh FLAVOUR
# Builds the bzImage of a flavour (flavours/FLAVOUR.config) in
# build/linux/out-FLAVOUR.

. "$(dirname "$0")/../lib.sh"

flavour=$1
out=$linux/out-$flavour
cd "$harness/flavours"
[ -f "$flavour.config" ] || die "no flavour $flavour"

fragments=(base.config test.config "$flavour.config")
# Absent from the pristine tree, which can be built to compare with.
[ ! -f "$linux/mm/rss/Kconfig" ] || fragments+=(rss.config)

"$harness/kernel/config.sh" "$linux" "$out" "${fragments[@]}"
say "building the $flavour kernel (some ten minutes the first time)"
kmake "$linux" "$out" bzImage
