#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: scale.sh
# Measures two workers on two processors in wall-clock time, so other load
# counts. Ratios are medians over rounds.

. "$(dirname "$0")/../lib.sh"

bench=$build/bench
results=$bench/scale
gcc -O2 -Wall -Wextra -Werror -pthread -static -o "$bench/scale-program" \
	"$harness/bench/scale/scale.c"
{
	printf 'dir /%s 755 0 0\n' bin dev host proc sys
	echo 'nod /dev/console 600 0 0 c 5 1'
	echo "file /bin/busybox $(command -v busybox) 755 0 0"
	echo 'slink /bin/sh busybox 777 0 0'
	echo "file /bin/scale $bench/scale-program 755 0 0"
	echo "file /init $harness/bench/scale/init 755 0 0"
} > "$bench/scale.list"
"$linux/out-release/usr/gen_init_cpio" "$bench/scale.list" > "$bench/scale.cpio"

guest()
{
	timeout --foreground 300 qemu-system-x86_64 \
		-machine q35 -accel "${ACCEL:-tcg,thread=multi}" -cpu max -smp 2 -m 1G \
		-nodefaults -display none -no-reboot -serial "file:$results/console" \
		-virtfs "local,path=$results/host,mount_tag=host,security_model=none" \
		-kernel "$linux/out-release/arch/x86/boot/bzImage" \
		-initrd "$bench/scale.cpio" \
		-append "console=ttyS0 panic=-1 oops=panic reboot=t" ||
		die "QEMU ended with $?"
}

boot_guest "$results" guest
[ -e "$results/host/done" ] || die "the guest did not come to its end, see $results/console"

# Each round divided by its first setting; then the median, least and most.
awk -F '\t' '
	!($1 in seen) { seen[$1]; order[++settings] = $1 }
	$1 == order[1] { one = $2; round++ }
	{ ratio[$1, round] = $2 / one }
	END {
		print "pages a second, relative to one process in no container"
		for (i = 1; i <= settings; i++) {
			for (r = 1; r <= round; r++)
				value[r] = ratio[order[i], r]
			for (r = 1; r <= round; r++)
				for (s = r + 1; s <= round; s++)
					if (value[s] < value[r]) {
						swap = value[r]; value[r] = value[s]; value[s] = swap
					}
			printf "%-32s %5.2f  (%.2f to %.2f)\n", order[i],
				value[int((round + 1) / 2)], value[1], value[round]
		}
	}
' "$results/host/scale.tsv" > "$bench/scale.txt"
