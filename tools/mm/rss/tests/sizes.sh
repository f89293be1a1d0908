#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What is a size, and what is not: in the arguments, in the control files of
# both versions, and as people read it.

. "$(dirname "$0")/lib.sh"

page=$(getconf PAGESIZE)
v1=$scratch/v1 v2=$scratch/v2
fake_v1_root "$v1"
fake_v1 "$v1/a"
fake_v2_root "$v2"
fake_v2 "$v2/a"

# size TEXT BYTES
size()
{
	expect 0 '' rssctl set --root "$v1" a "limit=$1"
	result "$1 in v1" contains "$v1/a/rss_limit" $(($2 / page))
	expect 0 '' rssctl set --root "$v2" a "limit=$1"
	result "$1 in v2" contains "$v2/a/rss.max" "$2"
}

size 1M 1048576
size 1m 1048576
size 65536B 65536
size 128K 131072
size 3G 3221225472
size 2t 2199023255552
size 6000p $((6000 * page))
size 1.5G 1610612736
size 0.25m 262144
size 512MiB 536870912
size 0 0
size 0K 0

expect 0 '' rssctl set --root "$v1" a limit=max
result "max in v1" contains "$v1/a/rss_limit" max
expect 0 '' rssctl set --root "$v2" a limit=max
result "max in v2" contains "$v2/a/rss.max" max

# bad TEXT WHY
bad()
{
	echo before > "$v1/a/rss_limit"
	expect 2 "$2" rssctl set --root "$v1" a "limit=$1"
	result "'$1' changes nothing" contains "$v1/a/rss_limit" before
}

for text in '' ' ' abc 12x 12MM 12MB -5 -5M +5M 0x10M ' 5M' '5M ' '5 M' M 10P 1. .5G 1.5.5G 1.xG \
	5Mi 5iB 5BiB 5MiBB 5piB 1%% 5.5%; do
	bad "$text" 'not a size'
done
bad 6000 'needs a unit'
bad 1.5 'needs a unit'
bad 101% 'more than 100%'
bad 100B 'less than a page'
bad 99999999999999999999M 'not a size'
bad 9999999999999T 'too large'
bad 18446744073709551615B 'too large'

# Shares are of the machine's memory, or of the limit.
shares()
{
	local memory

	memory=$(($(getconf _PHYS_PAGES) * page))
	size 50% $((memory / 2))
	expect 0 '' rssctl set --root "$v2" a limit=100M watermark=80%
	result "a share of the new limit" contains "$v2/a/rss.watermark" 83886080
	expect 0 '' rssctl set --root "$v2" a watermark=50%
	result "a share of the limit" contains "$v2/a/rss.watermark" 52428800
	expect 0 '' rssctl shrink --root "$v1" a 0%
	result "shrinks to a share" contains "$v1/a/rss_shrink_in_bytes" 0
	expect 2 '80% of what? There is no limit' rssctl set --root "$v2" a limit=max watermark=80%
	result "and sets nothing" contains "$v2/a/rss.max" 104857600
	expect 125 '80% of what?' rssctl run --root "$v2" -w 80% true
}
shares

# shown PAGES TEXT
shown()
{
	echo "$1" > "$v1/a/rss_usage"
	expect 0 "usage          $2" rssctl stat --root "$v1" a
	expect 0 "usage          $(($1 * page))" rssctl stat -b --root "$v1" a
}

# More pages than there can be bytes
too_many()
{
	local pages=$(((1 << 62) / (page / 4))) most

	most=$(printf %u "-$page")
	echo $pages > "$v1/a/rss_limit"
	echo "anon $pages" > "$v1/a/rss_stat"
	expect 0 "limit          $most" rssctl stat -b --root "$v1" a
	expect 0 "anon           $most" rssctl stat -b --root "$v1" a
	echo $((pages - 1)) > "$v1/a/rss_limit"
	expect 0 "limit          $most" rssctl stat -b --root "$v1" a
}
too_many

if [ "$page" = 4096 ]; then
	shown 0 0
	shown 1 4.0K
	shown 255 1020K
	shown 256 1.0M
	shown 6000 23.4M
	shown 25600 100M
	shown 786432 3.0G
fi
finish
