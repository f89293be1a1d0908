#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: boot.sh FLAVOUR RESULTS SECONDS GUEST-SCRIPT [KERNEL-PARAMETER...]
# Boots a guest that runs /guest/GUEST-SCRIPT.sh. What the script reports goes
# to RESULTS/host, a directory that the guest sees as /host. The console goes to
# RESULTS/console; it is shown with CONSOLE=watch, and is the terminal with
# CONSOLE=terminal. A guest that is not done after SECONDS is killed.

. "$(dirname "$0")/../lib.sh"

flavour=$1 results=$2 seconds=$3 script=$4
shift 4

rm -rf "$results"
mkdir -p "$results/host"

log=quiet
case ${CONSOLE:-file} in
file)		console="file,path=$results/console" log=ignore_loglevel ;;
watch)		console="stdio,signal=off,logfile=$results/console" ;;
terminal)	console="stdio,mux=on,signal=off,logfile=$results/console" ;;
esac

status=0
timeout --foreground "$seconds" qemu-system-x86_64 \
	-machine q35 -accel "${ACCEL:-tcg}" -cpu max -smp 2,sockets=2 -m 2G \
	-object memory-backend-ram,id=mem0,size=1G -numa node,cpus=0,memdev=mem0 \
	-object memory-backend-ram,id=mem1,size=1G -numa node,cpus=1,memdev=mem1 \
	-nodefaults -display none -no-reboot \
	-chardev "$console,id=console" -serial chardev:console \
	-virtfs "local,path=$results/host,mount_tag=host,security_model=none" \
	-kernel "$linux/out-$flavour/arch/x86/boot/bzImage" \
	-initrd "$build/initramfs.cpio" \
	-append "console=ttyS0 panic=-1 oops=panic reboot=t $log GUEST=$script $*" ||
	status=$?
[ "$status" != 124 ] || echo "$seconds" > "$results/timed-out"
[[ $status == 0 || $status == 124 ]] || die "QEMU ended with $status"
