#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: boot.sh TREE RESULTS SETTINGS [KERNEL-PARAMETER...]
# Boots TREE's kernel for guest/init. The guest's clock counts instructions, and
# nothing in it depends on chance or the time of day. Its reports go to
# RESULTS/host.

. "$(dirname "$0")/../lib.sh"

tree=$1 results=$2 settings=$3
shift 3

rm -rf "$results"
mkdir -p "$results/host"

# A string instruction that handles a whole page would hide the cost of clearing
# and copying.
timeout --foreground 600 qemu-system-x86_64 \
	-machine q35 -accel tcg -icount shift=0,sleep=off -smp 1 -m 1G \
	-cpu max,-erms,-fsrm -rtc base=2025-01-01,clock=vm -seed 1 \
	-nodefaults -display none -no-reboot \
	-serial "file:$results/console" \
	-virtfs "local,path=$results/host,mount_tag=host,security_model=none" \
	-kernel "$tree/out-release/arch/x86/boot/bzImage" \
	-initrd "$build/bench/initramfs.cpio" \
	-append "console=ttyS0 panic=-1 oops=panic reboot=t norandmaps SETTINGS=$settings $*" ||
	die "QEMU ended with $?"

if [ ! -e "$results/host/done" ]; then
	tail -n 20 "$results/console" >&2
	die "the guest did not come to its end, see $results/console"
fi
if grep -E -f "$harness/qemu/alarms" "$results/host/dmesg"; then
	die "the kernel complained, see $results/host/dmesg"
fi
