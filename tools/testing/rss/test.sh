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
	"$house/qemu/boot.sh" "$flavour" "$results" "$@"
	"$house/qemu/judge.sh" "$results"
	boots+=("$results")
}

# What needs a controller that is disabled is skipped: nothing can pass.
none_passed()
{
	local results=$1 passed failed skipped

	read -r passed failed skipped < "$results/count"
	[ "$passed" = 0 ] && return
	echo "FAIL ${results##*/}: $passed tests passed without the controller"
	echo "0 $((failed + passed)) $skipped" > "$results/count"
}

# Each flavour and each boot has other settings, so that all combinations of
# MGLRU and THP are there once. Lockdep makes faults so slow that the debug
# flavour has one, and a smaller file to read through. v2 comes first: the
# controller does not always come back from a hierarchy of v1.
declare -A kselftest=(
	[release]="SETTINGS=y:always:v2,y:always,n:never"
	[debug]="SETTINGS=y:always RSS_FILE_MIB=16"
)
declare -A disabled=(
	[release]="SETTINGS=n:always"
	[debug]="SETTINGS=y:never RSS_FILE_MIB=16"
)

for flavour; do
	"$house/kernel/build.sh" "$flavour"
	"$house/qemu/initramfs.sh" "$flavour"
	boot "$flavour" kunit 300 kunit kunit.enable=1
	read -ra settings <<< "${kselftest[$flavour]}"
	# A part of memory is a device, for the test of DAX.
	boot "$flavour" kselftest 5400 kselftest "${settings[@]}" \
		'memmap=64M!512M'
	read -ra settings <<< "${disabled[$flavour]}"
	boot "$flavour" memory-disabled 2400 kselftest "${settings[@]}" \
		cgroup_disable=memory
	boot "$flavour" rss-disabled 300 kselftest "${settings[@]}" cgroup_disable=rss
	none_passed "$build/results/$flavour/rss-disabled"
done
"$house/qemu/total.sh" "${boots[@]}"
