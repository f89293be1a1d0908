#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: initramfs.sh FLAVOUR
# Makes build/initramfs.cpio: busybox, the guest's scripts and programs, everyday
# programs of Debian, and the kselftests and tools of the assembled tree.

. "$(dirname "$0")/../lib.sh"

out=$linux/out-$1
selftests=$linux/tools/testing/selftests/rss

mkdir -p "$build/guest"
for source in "$harness"/guest/*.c; do
	program=$build/guest/$(basename "$source" .c)
	[ "$program" -nt "$source" ] ||
		gcc -O2 -Wall -Wextra -Werror -static -o "$program" "$source"
done

say "building the kselftests"
kmake "$linux" "$out" headers
mkdir -p "$build/selftests/obj"
selftests_make()
{
	make -s -j"$(nproc)" -C "$selftests" CC="ccache gcc -Werror" \
		OUTPUT="$build/selftests/obj" KHDR_INCLUDES="-isystem $out/usr/include" \
		"$@"
}
selftests_make > /dev/null
selftests_make install INSTALL_PATH="$build/selftests/rss" > /dev/null
selftests_make COLLECTION=rss emit_tests | sed 's/^rss://' > "$build/selftests/list"

say "building the tools"
make -s -C "$linux/tools/mm/rss" O="$build/tools"

# Files of a system that is more than an initramfs.
programs=("$build"/tools/{rssctl,rssd})
mapfile -t -O 2 programs < <(type -P cgclassify cgcreate cgdelete cgexec cgget cgset)

# Programs that the kselftests run under a limit. Some are links.
mapfile -t everyday < <(type -P mawk perl python3 tail; gcc -print-prog-name=cc1)

# Files that python3 reads when it starts
python_files()
{
	local package

	package=$(dpkg-query --search "$(readlink -f "$(type -P python3)")")
	dpkg-query --listfiles "lib${package%%:*}" | grep '\.py$'
}

# The libraries that programs load, and ncurses' description of the console
shared_files()
{
	ldd "$@" | sed -nE 's/^[^:]*[[:space:]](\/[^ ]+) .*/\1/p'
	echo /lib/terminfo/l/linux
}

# Each directory above these files, upper ones first
directories()
{
	local path

	while read -r path; do
		while path=${path%/*} && [ -n "$path" ]; do
			echo "$path"
		done
	done | sort -u
}

entries()
{
	local file shared

	printf 'dir /%s 755 0 0\n' bin dev guest host proc selftests selftests/rss sys tmp
	echo 'nod /dev/console 600 0 0 c 5 1'
	echo "file /bin/busybox $(command -v busybox) 755 0 0"
	echo 'slink /bin/sh busybox 777 0 0'
	echo "file /init $harness/guest/init 755 0 0"
	echo "file /selftests/list $build/selftests/list 644 0 0"
	for file in "$harness"/guest/*.sh "$build"/guest/*; do
		echo "file /guest/${file##*/} $file 755 0 0"
	done
	for file in "${programs[@]}" "${everyday[@]}"; do
		echo "file /bin/${file##*/} $(readlink -f "$file") 755 0 0"
	done
	shared=$(shared_files "${programs[@]}" "${everyday[@]}"; python_files)
	directories <<< "$shared" | sed 's/.*/dir & 755 0 0/'
	sort -u <<< "$shared" | sed 's/.*/file & & 755 0 0/'
	for file in "$build"/selftests/rss/*; do
		echo "file /selftests/rss/${file##*/} $file 755 0 0"
	done
}

entries > "$build/initramfs.list"
"$out/usr/gen_init_cpio" "$build/initramfs.list" > "$build/initramfs.cpio"
