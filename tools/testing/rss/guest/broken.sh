#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Failures that the harness must detect, by the name in $BREAK.

tap()
{
	printf '%s\n' 'TAP version 13' "$@" > /host/broken.tap
}

[ ! -e /host/broken.tap ] || touch /host/went-on
tap 1..1 'ok 1 fine'
case $BREAK in
nothing)	;;
crash)		echo c > /proc/sysrq-trigger ;;
hang)		sleep 1000 ;;
warning)	echo '<4>WARNING: CPU: 0 PID: 1 at a test of the harness' > /dev/kmsg ;;
lockdep)	echo '<4>INFO: possible recursive locking detected' > /dev/kmsg ;;
fail)		tap 1..2 'ok 1 fine' 'not ok 2 broken' ;;
short)		tap 1..2 'ok 1 fine' ;;
no-plan)	tap 'ok 1 fine' ;;
no-test)	tap 1..0 ;;
no-report)	rm /host/broken.tap ;;
replaced)	tap 1..1 'ok 1 fine' '# exit status 0'
		echo '<4>Oops: int3: 0000 at a test of the harness' > /dev/kmsg ;;
exit)		tap 1..1 'ok 1 fine' '# exit status 139' ;;
esac
