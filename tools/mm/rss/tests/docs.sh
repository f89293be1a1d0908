#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: docs.sh BUILD
# Man pages, completion, unit and the example configuration.

. "$(dirname "$0")/lib.sh"

source=$(cd "$(dirname "$0")/.." && pwd)
build=$1

# Only remarks on the pages count: which other manuals this machine has, and
# how new its list of them is, does not.
lint()
{
	local remarks

	remarks=$(mandoc -T lint -W style "$1" 2>&1 |
		grep -vE 'referenced manual not found|outdated mandoc.db')
	[ -z "$remarks" ] || echo "# $remarks"
	[ -z "$remarks" ]
}

# What mandoc prints for a terminal, without the overstriking
plain()
{
	sed 's/.\x08//g'
}

# documented MANUAL COMMAND...: has the options that its --help tells of
documented()
{
	local manual=$1 option text
	shift

	text=$(mandoc -T ascii "$source/$manual" | plain)
	for option in $("$@" --help | grep -oE -- '--[a-z-]+' | sort -u); do
		grep -q -- "$option" <<< "$text" && continue
		echo "# $manual does not have $option"
		return 1
	done
}

# completes WANTED WORD...: what completion offers for the last word
completes()
{
	local wanted=$1
	shift

	COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
	# shellcheck disable=SC2317
	compopt() { :; }
	"_$1"
	[ "${COMPREPLY[*]}" = "$wanted" ] && return
	echo "# '${COMPREPLY[*]}', not '$wanted'"
	return 1
}

# completes_name NAME: to what a shell reads as this name, and runs nothing
completes_name()
(
	printf -v quoted %q "$1"
	cd "$scratch" || return
	completes "$quoted" rssctl stat --root "$h" "${quoted%??}" || return
	eval "[ ${COMPREPLY[0]} = \"\$1\" ]" && [ ! -e pwned ] && return
	echo "# '${COMPREPLY[0]}' is not '$1', or was run"
	return 1
)

for manual in rssctl.8 rssd.8 rssd.conf.5; do
	result "$manual" lint "$source/$manual"
done
for command in run exec create rm enable ls stat set shrink move top wait-event mount; do
	result "rssctl $command is documented" documented rssctl.8 rssctl "$command"
done
result "rssd is documented" documented rssd.8 rssd

result "completion is valid" bash -n "$source/rssctl.bash"
# shellcheck source=../rssctl.bash
. "$source/rssctl.bash"
h=$scratch/v1
fake_v1_root "$h"
fake_v1 "$h/web"
fake_v1 "$h/web/2"
result "commands" completes "stat set shrink" rssctl s
result "options" completes "--json --quiet --root --help" rssctl ls --
result "names" completes "web web/2" rssctl stat --root "$h" w
result "in quotes" completes "web web/2" rssctl stat --root "$h" '"w'
# shellcheck disable=SC2016
for name in '$(touch pwned)' '`touch pwned`' 'a b' 'c\d' "q'r" 'x;y'; do
	fake_v1 "$h/odd/$name"
	result "names: $name" completes_name "odd/$name"
done
fake_v1 "$h/odd/"$'z\e$(touch pwned)'
result "nothing in quotes but plain" completes '' rssctl stat --root "$h" "\$'odd/z"
result "settings" completes "limit=" rssctl set --root "$h" web l
result "events" completes "oom oom_kill" rssctl wait-event --root "$h" web o
result "after an order" completes "web web/2" rssctl top -s peak --root "$h" w
result "after a summary" completes "--summary" rssctl run -s --s
result "orders" completes "failcnt" rssctl top --sort f
result "options of rssd" completes "--dry-run" rssd --d

expect 0 'names no containers' rssd --check --config "$source/rssd.conf"
sed -n 's/^#\([^ ]\)/\1/p' "$source/rssd.conf" > "$scratch/example.conf"
sed -i '1i [rssd]' "$scratch/example.conf"
expect 0 '' rssd --check --config "$scratch/example.conf"
mandoc -T ascii "$source/rssd.conf.5" | plain |
	sed -n '/^EXAMPLES/,/^SEE ALSO/s/^ \+//p' > "$scratch/manual.conf"
result "the manual has an example" [ -s "$scratch/manual.conf" ]
expect 0 '' rssd --check --config "$scratch/manual.conf"

# The unit names what "make install" puts into place.
make -s -C "$source" O="$build" DESTDIR="$scratch/root" PREFIX=/usr install
for file in /usr/sbin/rssctl /usr/sbin/rssd /usr/share/man/man8/rssctl.8 \
	/usr/share/man/man8/rssd.8 /usr/share/man/man5/rssd.conf.5 \
	/usr/share/bash-completion/completions/rssctl \
	/usr/share/bash-completion/completions/rssd \
	/usr/lib/systemd/system/rssd.service /etc/rssd.conf; do
	result "$file is installed" [ -e "$scratch/root$file" ]
done
unit=$scratch/root/usr/lib/systemd/system/rssd.service
echo edited > "$scratch/root/etc/rssd.conf"
make -s -C "$source" O="$build" DESTDIR="$scratch/root" PREFIX=/usr install
result "a configuration is kept" contains "$scratch/root/etc/rssd.conf" edited

# names DIRECTORY: the unit has the programs there, and is not kept from starting
# rssd when mounting fails
names()
{
	[ "$(grep -E '^ExecStart(Pre)?=' "$unit")" = "ExecStartPre=-+$1/rssctl mount
ExecStart=$1/rssd" ]
}
result "the unit names /usr/sbin" names /usr/sbin
make -s -C "$source" O="$build" DESTDIR="$scratch/local" install
unit=$scratch/local/usr/local/lib/systemd/system/rssd.service
result "the unit names /usr/local/sbin" names /usr/local/sbin
unit=$scratch/root/usr/lib/systemd/system/rssd.service
reloads()
{
	[ "$(grep '^ExecReload=' "$unit")" = "ExecReload=/usr/sbin/rssd --check
ExecReload=/bin/kill -HUP \$MAINPID" ]
}
result "reloading checks first" reloads
if command -v systemd-analyze > /dev/null; then
	# It looks for the programs, too.
	sed "s|=\([-+]*\)/usr/sbin/|=\1$scratch/root/usr/sbin/|" "$unit" > "$scratch/rssd.service"
	expect 0 '' systemd-analyze verify --man=no --recursive-errors=no "$scratch/rssd.service"
	result "nothing to complain of" [ -z "$output" ]
	expect 0 '' systemd-analyze security --no-pager \
		--offline=yes --threshold=20 "$scratch/rssd.service"
fi
finish
