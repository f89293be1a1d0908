#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: test.sh FLAVOUR...
# Runs the KUnit suites and the kselftests in guests, and the kselftests again
# with controllers disabled. Results are kept in build/results/FLAVOUR/.

. "$(dirname "$0")/lib.sh"

boots=()

# boot FLAVOUR NAME SECONDS SCRIPT [PARAMETER...]
boot()
{
	local flavour=$1 name=$2 results=$build/results/$1/$2
	shift 2

	say "$flavour: $name"
	"$harness/qemu/boot.sh" "$flavour" "$results" "$@"
	"$harness/qemu/judge.sh" "$results"
	boots+=("$results")
}

# With lockdep, faults are so slow that the debug flavour reads a smaller file, and
# has a program killed less often.
declare -A file_mib=([release]=64 [debug]=16 [kasan]=16)
declare -A thrash_repeat=([release]=3 [debug]=1 [kasan]=1)

# kselftest FLAVOUR NAME SECONDS PARAMETER...
kselftest()
{
	local flavour=$1 name=$2 seconds=$3
	shift 3

	boot "$flavour" "$name" "$seconds" kselftest \
		"RSS_FILE_MIB=${file_mib[$flavour]}" \
		"RSS_SLOWNESS=${slowness[$flavour]}" \
		"RSS_THRASH_REPEAT=${thrash_repeat[$flavour]}" "$@"
}

# all_but PATTERN: all other kselftests, as a parameter for the guest
all_but()
{
	echo "PROGRAMS=$(grep -vE "^test_($1)$" "$build/selftests/list" | paste -sd ,)"
}

# Tests that need a disabled controller are skipped: nothing can pass.
none_passed()
{
	local results=$1 passed failed skipped

	read -r passed failed skipped < "$results/count"
	[ "$passed" = 0 ] && return
	echo "FAIL ${results##*/}: $passed tests passed without the controller"
	echo "0 $((failed + passed)) $skipped" > "$results/count"
}

# Each boot has other settings, so that both flavours see v1 and v2, and the two
# together all combinations of MGLRU and THP.
declare -A settings=(
	[release]="y:always:v2 n:never"
	[debug]="y:always"
	[kasan]="n:always:v2"
)
# The two longest run once in each flavour. The debug one is slow, and the tools
# need no debug kernel. Long tests that do not involve the memory controller need
# not run again without it.
declare -A without=(
	[release:y:always:v2]=at_work
	[release:n:never]=thrash
	[debug:y:always]='tools_.*'
	[kasan:n:always:v2]='at_work|tools_.*'
	[memory-disabled]='thrash|at_work|kill_time|lists|stock|remove|stress|tools_.*|watermark'
)
declare -A disabled=(
	[release]=n:always
	[debug]=y:never:v2
	[kasan]=y:never
)

for flavour; do
	"$harness/kernel/build.sh" "$flavour"
	"$harness/qemu/initramfs.sh" "$flavour"
	boot "$flavour" kunit 300 kunit kunit.enable=1 kunit.autorun=1
	for setting in ${settings[$flavour]}; do
		# A part of memory is a device, for the DAX test.
		kselftest "$flavour" "kselftest.${setting//:/.}" 2400 \
			"SETTINGS=$setting" 'memmap=64M!512M' \
			"$(all_but "${without["$flavour:$setting"]:-}")"
	done
	setting=${disabled[$flavour]}
	kselftest "$flavour" memory-disabled 2400 "SETTINGS=$setting" \
		cgroup_disable=memory "$(all_but "${without[memory-disabled]}")"
	kselftest "$flavour" rss-disabled 300 \
		"SETTINGS=$setting" cgroup_disable=rss
	none_passed "$build/results/$flavour/rss-disabled"
done
"$harness/qemu/total.sh" "${boots[@]}"
