# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced by every script of the harness: paths, and error handling.

set -Eeuo pipefail

# A failure is reported once, where it happens: its callers see this status.
reported=3

stop()
{
	local status=$? line=$1 command=$2

	[ "$status" = "$reported" ] || echo "${0##*/}:$line: failed: $command" >&2
	exit "$reported"
}
trap 'stop "$LINENO" "$BASH_COMMAND"' ERR

# shellcheck disable=SC2034
{
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
harness=$repo/tools/testing/rss
build=$repo/build
}

# The kernel that the series is applied to, a directory of series/. Trees, kernels
# and results of the default one are in build/, those of another in build/BASE/.
default_base=6.12
base=${BASE:-$default_base}
[ "$base" = "$default_base" ] || build=$build/$base

# shellcheck disable=SC2034
{
linux=$build/linux		# the assembled tree
stock=$build/stock		# its first commit, the pristine source
package='' suite='' version='' sha256='' releases=''	# see series/BASE/source
}

# The factor by which a flavour's kernel may be slower in timed tests.
# shellcheck disable=SC2034
declare -A slowness=([release]=1 [debug]=10 [kasan]=10)

# Results must not depend on the user or the machine.
export LC_ALL=C TZ=UTC PATH=/usr/sbin:/usr/bin:/sbin:/bin
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_CONFIG_COUNT=2
export GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'
export GIT_CONFIG_KEY_1=gc.auto GIT_CONFIG_VALUE_1=0
umask 022
# The kernel's Makefile drops LC_ALL; these would then apply, also for ccache.
unset LANG LANGUAGE LC_CTYPE LC_MESSAGES
unset MAKEFLAGS MFLAGS MAKEOVERRIDES

say()
{
	echo "== $*"
}

# kmake TREE OUT ARGUMENT...: the kernel's make, with results from the cache
kmake()
{
	local tree=$1 out=$2
	shift 2

	make -s -C "$tree" O="$out" -j"$(nproc)" CC="ccache gcc" \
		KBUILD_BUILD_TIMESTAMP=@0 KBUILD_BUILD_USER=rss \
		KBUILD_BUILD_HOST=rss "$@"
}

die()
{
	echo "${0##*/}: $*" >&2
	exit "$reported"
}

# Before 8.1, QEMU may translate code while another CPU writes to it, and keep the
# result. The kernel then hits a breakpoint that it has long removed from a static
# branch. Nothing else causes this oops; if it always happens, it is our bug.
ran_replaced_code()
{
	[ "${ACCEL:-tcg}" = tcg ] && grep -q 'Oops: int3: ' "$1/console"
}

# keep_reports FROM TO: the reports of programs that finished
keep_reports()
{
	local report

	mkdir -p "$2/host"
	for report in "$1"/host/*.tap; do
		if grep -qs '^# exit status' "$report"; then
			cp -p "$report" "$2/host/"
		fi
	done
}

# boot_guest RESULTS COMMAND...: COMMAND boots a guest that leaves its reports in
# RESULTS/host and its console in RESULTS/console. Output of a boot that does not
# count is kept as RESULTS/../.NAME.1 and .2; the next one continues its reports.
boot_guest()
{
	local results=$1 aside try
	shift

	aside=${results%/*}/.${results##*/}
	rm -rf "$results" "$aside".[12]
	for try in 1 2 3; do
		mkdir -p "$results/host"
		"$@"
		if [ "$try" = 3 ] || ! ran_replaced_code "$results"; then
			return
		fi
		say "once more: QEMU ran code that had been replaced"
		mv "$results" "$aside.$try"
		keep_reports "$aside.$try" "$results"
	done
}

[ -f "$repo/series/$base/source" ] || die "no base $base in series/"
# shellcheck disable=SC1090
. "$repo/series/$base/source"
