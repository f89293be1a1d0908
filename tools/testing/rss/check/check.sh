#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: check.sh
# All checks that do not run a kernel.

. "$(dirname "$0")/../lib.sh"

failed=()
for check in shell checkpatch warnings kernel-doc docs tools; do
	say "$check"
	"$harness/check/$check.sh" || failed+=("$check")
done
[ ${#failed[@]} = 0 ] || die "failed: ${failed[*]}"
