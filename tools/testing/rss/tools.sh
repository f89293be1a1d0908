#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: tools.sh
# Builds rssctl and rssd, in build/tools.

. "$(dirname "$0")/lib.sh"

make -s -C "$linux/tools/mm/rss" O="$build/tools"
