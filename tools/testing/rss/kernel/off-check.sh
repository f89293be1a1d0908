#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: off-check.sh
# Checks that with CONFIG_RSS_CONTAINER=n no instruction differs from the
# pristine kernel's, in all objects of mm/, kernel/ and fs/.

. "$(dirname "$0")/../lib.sh"

"$harness/kernel/stock.sh"
for tree in "$stock" "$linux"; do
	(cd "$harness/flavours" && "$harness/kernel/config.sh" "$tree" "$tree/out-off" \
		base.config test.config release.config off.config)
	say "building mm/ kernel/ fs/ of ${tree##*/} without the controller"
	kmake "$tree" "$tree/out-off" mm/ kernel/ fs/
done

objects()
{
	(cd "$1/out-off" && ar t mm/built-in.a && ar t kernel/built-in.a &&
		ar t fs/built-in.a)
}

instructions()
{
	objdump --disassemble --reloc --no-show-raw-insn "$1" | sed 1,2d
}

diff <(objects "$stock") <(objects "$linux") || die "the objects are not the same ones"

different=0 compared=0
while read -r object; do
	compared=$((compared + 1))
	cmp -s "$stock/out-off/$object" "$linux/out-off/$object" && continue
	cmp -s <(instructions "$stock/out-off/$object") \
		<(instructions "$linux/out-off/$object") && continue
	echo "$object:"
	diff <(instructions "$stock/out-off/$object") \
		<(instructions "$linux/out-off/$object") | head -n 20 || true
	different=$((different + 1))
done < <(objects "$stock")

[ "$compared" != 0 ] || die "nothing was compared"
[ "$different" = 0 ] || die "$different of $compared objects differ with the controller built out"
say "$compared objects compared: no instruction differs with the controller built out"
