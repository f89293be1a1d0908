#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: run.sh
# Plays the 2007 scenario in a guest with swap, then in one without.

. "$(dirname "$0")/lib.sh"

"$harness/qemu/initramfs.sh" release
colour=0
[ ! -t 1 ] || colour=1
for swap in 1 0; do
	results=$build/results/run/swap=$swap
	CONSOLE=watch "$harness/qemu/boot.sh" release "$results" 300 scenario \
		SWAP=$swap COLOUR=$colour < /dev/null
	"$harness/qemu/judge.sh" "$results"
done
"$harness/qemu/total.sh" "$build"/results/run/swap=*
