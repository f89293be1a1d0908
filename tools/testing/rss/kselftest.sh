#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: kselftest.sh FLAVOUR [PROGRAMS [SETTINGS [KERNEL-PARAMETER...]]]
# Runs some of the kselftests, with the arguments of guest/kselftest.sh.

. "$(dirname "$0")/lib.sh"

flavour=$1 programs=${2:-} settings=${3:-y:always}
shift "$(($# < 3 ? $# : 3))"

results=$build/results/some
"$harness/kernel/build.sh" "$flavour"
"$harness/qemu/initramfs.sh" "$flavour"
"$harness/qemu/boot.sh" "$flavour" "$results" 3600 kselftest \
	"PROGRAMS=$programs" "SETTINGS=$settings" RSS_FILE_MIB=16 \
	"RSS_SLOWNESS=${slowness[$flavour]}" "$@"
"$harness/qemu/judge.sh" "$results"
"$harness/qemu/total.sh" "$results"
