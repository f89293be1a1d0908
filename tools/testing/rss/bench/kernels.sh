#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: kernels.sh
# Builds the two kernels to compare: the series, and the pristine source with
# the same options.

. "$(dirname "$0")/../lib.sh"

"$harness/kernel/build.sh" release
"$harness/kernel/stock.sh"
cd "$harness/flavours"
"$harness/kernel/config.sh" "$stock" "$stock/out-release" \
	base.config test.config release.config
say "building the kernel to compare with"
kmake "$stock" "$stock/out-release" bzImage
