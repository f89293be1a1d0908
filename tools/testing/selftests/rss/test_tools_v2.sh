#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# rssctl, rssd and libcgroup's tools on a cgroup v2 hierarchy. What they do on v1
# is tested to the page; here it is about finding the other files, and bytes.
#
# Functions are run by ok(), eventually() and the trap:
# shellcheck disable=SC2317

plan=29 nr=0 failed=0
root='' mounted=0
scratch=$(mktemp -d)
own=ksft_rss_$$

skip_all()
{
	echo "1..0 # SKIP $*"
	exit 4
}

# ok NAME COMMAND...
ok()
{
	name=$1
	shift
	nr=$((nr + 1))
	if "$@" > "$scratch/out" 2>&1; then
		echo "ok $nr $name"
	else
		echo "not ok $nr $name"
		sed 's/^/# /' "$scratch/out"
		failed=1
	fi
}

# Polls for thirty seconds.
eventually()
{
	polls=300
	until "$@"; do
		polls=$((polls - 1))
		[ $polls != 0 ] || return 1
		sleep 0.1
	done
}

# is FILE TEXT
is()
{
	[ "$(cat "$root/$1")" = "$2" ] && return
	echo "$1 is '$(cat "$root/$1")', not '$2'"
	return 1
}

# ends STATUS COMMAND...
ends()
{
	want=$1 got=0
	shift
	"$@" || got=$?
	[ "$got" = "$want" ] && return
	echo "exit status $got, not $want"
	return 1
}

# says STATUS TEXT COMMAND...
says()
{
	status=$1 text=$2
	shift 2
	ends "$status" "$@" > "$scratch/said" 2>&1
	result=$?
	cat "$scratch/said"
	[ "$result" = 0 ] && grep -qF "$text" "$scratch/said"
}

usage_below()
{
	[ "$(cat "$root/$1/rss.current")" -le "$2" ]
}

# A process in container $1 that holds 16 MiB
holder()
{
	sh -c "echo \$\$ > $root/$1/cgroup.procs
		dd if=/dev/zero bs=16M count=1 2> /dev/null | sleep 1000" &
	eventually filled "$1"
}

filled()
{
	! usage_below "$1" 16777216
}

cleanup()
{
	kill "$rssd" 2> /dev/null
	for container in "$root/$own"/*/ "$root/$own"; do
		[ -d "$container" ] || continue
		echo 1 > "$container/cgroup.kill"
		eventually rmdir "$container" 2> /dev/null
	done
	if [ -n "$zram" ]; then
		swapoff "/dev/zram$zram"
		echo "$zram" > /sys/class/zram-control/hot_remove
	fi
	[ "$mounted" = 0 ] || umount "$root"
	rm -rf "$scratch"
}

# v1 keeps a controller if containers were still dying when it was unmounted; it
# lets go when it is mounted and unmounted once more.
has_controller()
{
	grep -qw rss "$root/cgroup.controllers" && return
	mkdir -p "$scratch/v1"
	mount -t cgroup -o rss rss "$scratch/v1" && umount "$scratch/v1"
	return 1
}

echo 'TAP version 13'
[ "$(id -u)" = 0 ] || skip_all "needs root"
grep -q '^rss	.*	1$' /proc/cgroups || skip_all "no rss controller"
for program in rssctl rssd; do
	command -v $program > /dev/null || skip_all "no $program"
done
root=$(sed -n 's/^[^ ]* \([^ ]*\) cgroup2 .*/\1/p' /proc/mounts | head -n 1)
if [ -z "$root" ]; then
	root=$scratch/v2
	mkdir "$root"
	mount -t cgroup2 none "$root" || skip_all "no cgroup v2"
	mounted=1
fi
rssd='' zram=''
trap cleanup EXIT
eventually has_controller || skip_all "no rss controller in cgroup v2"
echo +rss > "$root/cgroup.subtree_control"
mkdir "$root/$own"

echo "1..$plan"
ok "it is found" [ "$(rssctl mount)" = "$root" ]
# Where nothing is mounted, looking must not take the controller from v2.
hidden()
{
	unshare -m sh -c "umount $root; rssctl $*"
}
ok "hidden: ls" says 3 "mount cgroup v2, or use 'rssctl mount'" hidden ls
ok "hidden: v2 keeps it" has_controller
ok "run: in a container below another" ends 7 \
	rssctl run -l 32M -n "$own/job" -- sh -c \
	"grep -q $own/job /proc/self/cgroup && grep -qx 33554432 $root/$own/job/rss.max && exit 7"
ok "run: which is removed" [ ! -d "$root/$own/job" ]
ok "create" ends 0 rssctl create -p -l 16M "$own/made/b"
ok "create: its limit" is "$own/made/b/rss.max" 16777216
ok "rm: not what has children" ends 5 rssctl rm "$own/made"
ok "rm" ends 0 rssctl rm "$own/made/b" "$own/made"
mkdir -p "$root/$own/x.slice/y-$$.service"
ok "enable" ends 0 rssctl enable "$own/x.slice/y-$$.service"
ok "a unit" ends 0 rssctl set "y-$$.service" limit=8M
ok "a unit: its limit" is "$own/x.slice/y-$$.service/rss.max" 8388608
rmdir "$root/$own/x.slice/y-$$.service"
# from SCRIPT: a shell script in a container of its own
from()
{
	mkdir -p "$root/$own/$1"
	sh -c "echo \$\$ > $root/$own/$1/cgroup.procs; $2"
}
# nothing_below NAME: and the processes could be there themselves again
nothing_below()
{
	! ls -d "$root/$own/$1"/*/ 2> /dev/null && is "$own/$1/cgroup.subtree_control" ''
}
where='grep -o "0::.*" /proc/self/cgroup'
ok "own: alone in a service" says 0 "/$own/svc/run-" \
	from svc "exec rssctl run -l 32M $where"
ok "own: nothing stays" nothing_below svc
ok "own: there are other processes" says 125 "$own/svc has other processes" \
	from svc "rssctl run true; exit \$?"
[ -d /run/systemd/system ] || mkdir -p /run/systemd/system
mkdir "$root/$own/new.scope" "$scratch/bin"
cat > "$scratch/bin/systemd-run" <<- SCRIPT
	#!/bin/sh
	echo "\$*" > $scratch/asked
	echo \$\$ > $root/$own/new.scope/cgroup.procs
	export RSSCTL_IN_SCOPE=1
	while [ "\$1" != -- ]; do shift; done
	shift
	exec "\$@"
SCRIPT
chmod +x "$scratch/bin/systemd-run"
ok "own: a session" says 0 "/$own/new.scope/run-" \
	from x.scope "PATH=$scratch/bin:$PATH rssctl run $where; exit \$?"
ok "own: what systemd is asked" \
	grep -qe '--scope .*--property=Delegate=yes .*--system' "$scratch/asked"
ok "own: nothing stays in the scope" nothing_below new.scope
mkdir "$root/$own/a"
ok "set" ends 0 rssctl set "$own/a" limit=24M watermark=8M
ok "set: limit" is "$own/a/rss.max" 25165824
ok "set: watermark" is "$own/a/rss.watermark" 8388608

zram=$(cat /sys/class/zram-control/hot_add 2> /dev/null)
if [ -n "$zram" ]; then
	echo 64M > "/sys/block/zram$zram/disksize"
	mkswap "/dev/zram$zram" > /dev/null
	swapon "/dev/zram$zram"
fi
(rssctl wait-event -t 60 "$own" watermark > "$scratch/event") &
waiter=$!
sleep 1
holder "$own/a"
ok "wait-event: a container below" wait $waiter
ok "wait-event: says so" grep -qx 'watermark 1' "$scratch/event"

if [ -n "$zram" ]; then
	ok "shrink" ends 0 rssctl shrink "$own/a" 12M
	ok "shrink: that far" usage_below "$own/a" 12582912
	cat > "$scratch/rssd.conf" <<- CONF
		[a]
		containers = $own/*
		high = 8M
		low = 4M
	CONF
	rssd -c "$scratch/rssd.conf" 2> "$scratch/log" &
	rssd=$!
	ok "rssd: shrinks to its low mark" eventually usage_below "$own/a" 4194304
else
	for name in "shrink" "shrink: that far" "rssd: shrinks to its low mark"; do
		nr=$((nr + 1))
		echo "ok $nr $name # SKIP no zram to swap to"
	done
fi

if command -v cgset > /dev/null && command -v cgexec > /dev/null; then
	mkdir "$root/$own/b"
	ok "cgset" ends 0 cgset -r rss.max=16M "$own/b"
	ok "cgset: it is set" is "$own/b/rss.max" 16777216
	ok "cgexec" ends 0 cgexec -g "rss:$own/b" grep -q "$own/b" /proc/self/cgroup
else
	for name in "cgset" "cgset: it is set" "cgexec"; do
		nr=$((nr + 1))
		echo "ok $nr $name # SKIP no cgroup-tools"
	done
fi
exit $failed
