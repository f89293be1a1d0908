#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: deps.sh
# Installs the missing Debian packages that the harness needs.

. "$(dirname "$0")/lib.sh"

packages=(
	bc binutils bison ccache flex gcc git libc6-dev libelf-dev libssl-dev
	lz4 make perl rsync xz-utils		# kernel and kselftests
	busybox-static qemu-system-x86		# the guest
	cpp mawk perl-base python3-minimal	# ... and what it runs under a limit
	cgroup-tools libinih-dev libjson-c-dev	# the tools and their tests
	libncurses-dev libsystemd-dev mandoc ncurses-base pkgconf
	python3					# make bench
	python3-git python3-ply python3-sphinx shellcheck sparse	# make check
)
[ -n "${KSRC:-}${suite:-}" ] || packages+=("$package")

missing=()
for package in "${packages[@]}"; do
	dpkg-query --show --showformat '${db:Status-Status}' "$package" 2> /dev/null |
		grep -qx installed || missing+=("$package")
done
[ ${#missing[@]} != 0 ] || exit 0

install="apt-get update && apt-get install --yes --no-install-recommends ${missing[*]}"
[ "$(id -u)" = 0 ] || die "run as root: sh -c '$install'"
say "installing ${missing[*]}"
DEBIAN_FRONTEND=noninteractive sh -c "$install" > /dev/null
