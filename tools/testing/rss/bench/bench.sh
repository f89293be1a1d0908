#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: bench.sh
# Boots each kernel in each setting, and makes the table of build/bench.

. "$(dirname "$0")/../lib.sh"

"$harness/bench/kernels.sh"
"$harness/bench/initramfs.sh"

# boot NAME TREE SETTINGS [KERNEL-PARAMETER]
boot()
{
	say "measuring: $1"
	"$harness/bench/boot.sh" "$2" "$build/bench/$1" "$3" "${@:4}"
}

# What a setting does to the kernel stays, so the first container comes after
# the rows without any.
boot stock "$stock" root,first,mkdir,job cgroup_disable=memory
boot memcg "$stock" \
	root,first-memcg,memcg1,memcg8,limit-memcg,mkdir-memcg,job-memcg1,job-memcg8
boot off "$linux" root cgroup_disable=memory cgroup_disable=rss
boot rss "$linux" \
	root,first-rss,outside,rss1,rss8,limit-rss,mkdir-rss,job-rss1,job-rss8 \
	cgroup_disable=memory
boot both "$linux" memcg1,both1,both8

say "measuring: two processors"
"$harness/bench/scale.sh"

"$harness/bench/report.py" "$build/bench"
{ echo; cat "$build/bench/scale.txt"; } >> "$build/bench/table.txt"
cat "$build/bench/table.txt"
say "build/bench has it as bench.csv and bench.svg"
