#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: tools.sh
# The tests of rssctl and rssd that need no kernel with the controller.

. "$(dirname "$0")/../lib.sh"

make -s -C "$linux/tools/mm/rss" O="$build/tools" check || die "tests of the tools failed"
