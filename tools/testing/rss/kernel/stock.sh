#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: stock.sh
# Checks out the pristine source, next to the assembled tree.

. "$(dirname "$0")/../lib.sh"

[ ! -e "$stock/Makefile" ] || exit 0
say "checking out the pristine source"
git -C "$linux" worktree prune
git -C "$linux" worktree add --quiet --detach "$stock" base
