#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The 2007 scenario, live: a container of 6000 pages, and a program that wants
# 10000. $SWAP says whether the guest has swap. Each fact is checked; the
# report for the host is /host/scenario.tap.

R=/containers/rss
C=$R/0
plain='' bold='' good='' bad=''
if [ "$COLOUR" = 1 ]; then
	plain=$(printf '\033[0m') bold=$(printf '\033[1m')
	good=$(printf '\033[32m') bad=$(printf '\033[31m')
fi
facts=0

heading()
{
	printf '\n%s%s%s\n' "$bold" "$*" "$plain"
}

# Shows a command as typed, and runs it.
run()
{
	printf '# %s\n' "$*"
	sh -c "$*" 2>&1
}

# fact TEXT TEST...: TEST holds?
fact()
{
	text=$1
	shift
	facts=$((facts + 1))
	if "$@"; then
		printf '  %sPASS%s %s\n' "$good" "$plain" "$text"
		echo "ok $facts $text" >> /host/scenario.tap
	else
		printf '  %sFAIL%s %s (%s)\n' "$bad" "$plain" "$text" "$*"
		echo "not ok $facts $text" >> /host/scenario.tap
	fi
}

value()
{
	cat "$C/$1"
}

# Polls for ten seconds.
eventually()
{
	polls=100
	until "$@"; do
		polls=$((polls - 1))
		[ $polls != 0 ] || return 1
		sleep 0.1
	done
}

usage_is()
{
	[ "$(value rss_usage)" = "$1" ]
}

swap_used()
{
	awk 'NR > 1 { kib += $4 } END { print kib / 4 }' /proc/swaps
}

# Completed reads and writes of a block device.
io_count()
{
	awk '{ print $1 + $5 }' "/sys/block/$1/stat"
}

make_container()
{
	heading "A container, limited to 6000 pages"
	mkdir -p $R
	run "mount -t cgroup -o rss rss $R"
	fact "the controller is mounted" [ -f $R/rss_usage ]
	run "mkdir $C"
	fact "a new container has no pages" usage_is 0
	fact "and no limit" [ "$(value rss_limit)" = max ]
	run "sh -c 'echo \$\$ > $C/tasks; cat $C/rss_usage'" > /tmp/out
	cat /tmp/out
	fact "a shell moved in is charged for what it touches from then on" \
		[ "$(tail -n 1 /tmp/out)" -gt 0 ]
	fact "when it has gone nothing is left" eventually usage_is 0
	run "echo -n 6000 > $C/rss_limit"
	run "cat $C/rss_limit"
	fact "the limit is 6000 pages" [ "$(value rss_limit)" = 6000 ]
}

set_up_swap()
{
	heading "128 MiB of swap, in compressed memory"
	run "echo 128M > /sys/block/zram0/disksize"
	run "mkswap /dev/zram0 > /dev/null"
	run "swapon /dev/zram0"
}

touch_with_swap()
{
	heading "A program in it touches 10000 pages: some go to swap, and it works"
	echo "# sh -c 'echo \$\$ > $C/tasks; exec touch-pages 10000 stay' &"
	sh -c "echo \$\$ > $C/tasks; exec touch-pages 10000 stay" > /tmp/touch &
	pid=$!
	fact "the program has all its pages" eventually grep -q OK /tmp/touch
	run "cat $C/rss_usage"
	fact "usage is within the limit" [ "$(value rss_usage)" -le 6000 ]
	run "cat $C/rss_max_usage"
	fact "and came up to it" [ "$(value rss_max_usage)" -gt 5900 ]
	run "cat $C/rss_failcnt"
	fact "charges met the limit" [ "$(value rss_failcnt)" -gt 0 ]
	run "cat $C/rss_reclaimed"
	fact "at least 4000 pages were reclaimed" [ "$(value rss_reclaimed)" -ge 4000 ]
	run "cat /proc/swaps"
	fact "they are in swap" [ "$(swap_used)" -ge 3900 ]
	kill $pid
	wait $pid
	fact "when the program has gone nothing is left" eventually usage_is 0
}

touch_without_swap()
{
	heading "A program in it touches 10000 pages: with no swap it must go"
	echo "# sleep 1000 &            # a bystander, outside the container"
	sleep 1000 &
	bystander=$!
	echo "scenario: begins" > /dev/kmsg
	run "sh -c 'echo \$\$ > $C/tasks; exec touch-pages 10000'; echo exit status \$?" > /tmp/out
	cat /tmp/out
	fact "the container's OOM killer took it" grep -q 'exit status 137' /tmp/out
	fact "the bystander lives on" kill -0 $bystander
	run "cat $C/rss_max_usage"
	fact "usage was never over the limit by more than a fault" \
		[ "$(value rss_max_usage)" -le 6512 ]
	echo "# dmesg"
	dmesg | sed -n '/scenario: begins/,$p' | sed 1d | tee /tmp/report
	fact "the kernel's report names the container" grep -q 'container /0' /tmp/report
	fact "and the victim" grep -q 'Killed process .*touch-pages' /tmp/report
	kill $bystander
	fact "nothing is left" eventually usage_is 0
}

make_file()
{
	truncate -s 80M /tmp/disk
	mke2fs -F /tmp/disk > /dev/null
	mkdir /tmp/files
	mount -o loop,noatime /tmp/disk /tmp/files || return
	dd if=/dev/zero of=/tmp/files/big bs=1M count=64 2> /dev/null
	sync
}

read_file()
{
	heading "A mapped file of 64 MiB, under a limit of 4 MiB"
	run "echo 4M > $C/rss_limit; cat $C/rss_limit"
	fact "4 MiB are 1024 pages" [ "$(value rss_limit)" = 1024 ]
	make_file
	fact "the file is on a disk, and cached" \
		[ "$(wc -c < /tmp/files/big)" = 67108864 ]
	before=$(io_count loop0)
	run "sh -c 'echo \$\$ > $C/tasks; exec read-mapped /tmp/files/big 3'" > /tmp/out
	cat /tmp/out
	fact "the program reads it three times over" [ "$(tail -n 1 /tmp/out)" = OK ]
	run "cat $C/rss_reclaimed"
	run "cat /sys/block/loop0/stat"
	fact "nothing is read or written: pages are unmapped, and stay cached" \
		[ "$(io_count loop0)" = "$before" ]
	umount /tmp/files
}

echo 'TAP version 13' > /host/scenario.tap
make_container
if [ "$SWAP" = 1 ]; then
	set_up_swap
	touch_with_swap
else
	touch_without_swap
fi
read_file
heading "The end of the container"
run "rmdir $C"
fact "it is gone" [ ! -d $C ]
echo "1..$facts" >> /host/scenario.tap
