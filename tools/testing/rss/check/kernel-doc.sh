#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: kernel-doc.sh
# Checks the kernel-doc comments of the files that the series touches.

. "$(dirname "$0")/../lib.sh"

cd "$linux"
mapfile -t sources < <(git diff --name-only --diff-filter=AM base HEAD \
	-- '*.[ch]' ':!tools' ':!Documentation')
scripts/kernel-doc -none -Wall "${sources[@]}" 2> "$build/kernel-doc" || true
"$harness/check/touched.sh" "$build/kernel-doc" "kernel-doc warnings"
echo "${#sources[@]} files"
