#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: variants.sh
# Checks that the controller compiles in kernels that each lack one feature that
# it interacts with, and in a 32-bit one.

. "$(dirname "$0")/../lib.sh"

out=$linux/out-variant
for option in MEMCG NUMA SWAP TRANSPARENT_HUGEPAGE LRU_GEN PSI SMP 64BIT; do
	say "without CONFIG_$option"
	(cd "$harness/flavours" && "$harness/kernel/config.sh" "$linux" "$out" \
		base.config test.config release.config rss.config)
	"$linux/scripts/config" --file "$out/.config" --disable "$option"
	kmake "$linux" "$out" olddefconfig
	! grep "^CONFIG_$option=" "$out/.config" || die "other options need $option"
	grep -q "^CONFIG_RSS_CONTAINER=y" "$out/.config" || die "the controller needs $option"
	kmake "$linux" "$out" mm/ kernel/ fs/
done
