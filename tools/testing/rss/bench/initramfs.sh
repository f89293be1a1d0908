#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: initramfs.sh
# Makes build/bench/initramfs.cpio: busybox, and the benchmark.

. "$(dirname "$0")/../lib.sh"

bench=$build/bench
mkdir -p "$bench"
gcc -O2 -Wall -Wextra -Wno-missing-field-initializers -Werror -static \
	-o "$bench/bench" "$harness"/bench/guest/*.c

{
	printf 'dir /%s 755 0 0\n' bin dev disk host proc sys tmp
	echo 'nod /dev/console 600 0 0 c 5 1'
	echo "file /bin/busybox $(command -v busybox) 755 0 0"
	echo 'slink /bin/sh busybox 777 0 0'
	echo "file /bin/bench $bench/bench 755 0 0"
	echo "file /init $bench/init 755 0 0"
} > "$bench/initramfs.list"

# The guest also reads these times: if they differ, timers fire elsewhere.
cp "$harness/bench/guest/init" "$bench/init"
touch -d @0 "$bench/bench" "$bench/init"
"$linux/out-release/usr/gen_init_cpio" -t 0 "$bench/initramfs.list" > "$bench/initramfs.cpio"
