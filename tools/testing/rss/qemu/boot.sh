#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: boot.sh FLAVOUR RESULTS SECONDS GUEST-SCRIPT [KERNEL-PARAMETER...]
# Boots a guest that runs /guest/GUEST-SCRIPT.sh. The script's reports go to
# RESULTS/host, which the guest sees as /host. The console goes to
# RESULTS/console; it is shown with CONSOLE=watch, and is the terminal with
# CONSOLE=terminal. A guest that is not done after SECONDS is killed.

. "$(dirname "$0")/../lib.sh"

flavour=$1 results=$2 seconds=$3 script=$4
shift 4

log=quiet
case ${CONSOLE:-file} in
file)		console="file,path=$results/console" log=ignore_loglevel ;;
watch)		console="stdio,signal=off,logfile=$results/console" ;;
terminal)	console="stdio,mux=on,signal=off,logfile=$results/console" ;;
esac

# Two nodes with a CPU each, and a third one with slower memory, to which the
# kernel demotes.
memory=(1G 1G 128M)
nodes=()
for node in 0 1 2; do
	nodes+=(-object "memory-backend-ram,id=mem$node,size=${memory[$node]}")
	case $node in
	2) nodes+=(-numa "node,nodeid=2,memdev=mem2,initiator=0") ;;
	*) nodes+=(-numa "node,nodeid=$node,cpus=$node,memdev=mem$node,initiator=$node") ;;
	esac
done
for cpu in 0 1; do
	for node in 0 1 2; do
		to="hmat-lb,initiator=$cpu,target=$node,hierarchy=memory"
		nodes+=(-numa "$to,data-type=access-latency,latency=$((node == 2 ? 1000 : 10))")
		nodes+=(-numa "$to,data-type=access-bandwidth,bandwidth=$((node == 2 ? 1 : 20))G")
	done
done

guest()
{
	local status=0

	timeout --foreground "$seconds" qemu-system-x86_64 \
		-machine q35,hmat=on -accel "${ACCEL:-tcg}" -cpu max -smp 2,sockets=2 \
		-m 2176M "${nodes[@]}" \
		-nodefaults -display none -no-reboot \
		-chardev "$console,id=console" -serial chardev:console \
		-virtfs "local,path=$results/host,mount_tag=host,security_model=none" \
		-kernel "$linux/out-$flavour/arch/x86/boot/bzImage" \
		-initrd "$build/initramfs.cpio" \
		-append "console=ttyS0 panic=-1 oops=panic reboot=t $log GUEST=$script $*" ||
		status=$?
	[ "$status" != 124 ] || echo "$seconds" > "$results/timed-out"
	[[ $status == 0 || $status == 124 ]] || die "QEMU ended with $status"
}

boot_guest "$results" guest "$@"
