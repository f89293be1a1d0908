#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: bases.sh
# Checks that the series applies to the 6.12.y versions of $BASES, of the
# distribution's archive. Downloads are kept in build/bases/.

. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/steps.sh"

package="linux-source-6.12"
bases=$build/bases
mkdir -p "$bases"
cd "$bases"

apply_to()
{
	local version=$1 deb=$2 tree=$bases/tree

	# Of the source, only what the hunks touch is needed.
	for step in "${steps[@]}"; do
		step_hunks "$step"
	done | sed -n "s,^--- a/,$package/,p" | sort -u > touched
	rm -rf "$tree"
	mkdir "$tree"
	dpkg-deb --fsys-tarfile "$deb" | tar -xO "./usr/src/$package.tar.xz" |
		tar -C "$tree" --use-compress-program='xz -T0' --strip-components=1 \
			-x -T touched || die "$version lacks a file that the series touches"
	git -C "$tree" init --quiet
	git -C "$tree" add --all --force .
	git -C "$tree" -c user.name=x -c user.email=x@localhost commit --quiet -m "$version"
	git -C "$tree" tag base
	"$harness/tree/assemble.sh" "$tree/.git" > /dev/null ||
		die "the series does not apply to $version"
	say "the series applies to $version"
}

mapfile -t offered < <(apt-cache madison "$package" | awk '{ print $3 }' | sort -uV)
for base in ${BASES:-6.12.113 6.12.115 6.12.117}; do
	version=
	for candidate in "${offered[@]}"; do
		[[ $candidate == "$base"-* ]] && version=$candidate
	done
	[ -n "$version" ] || die "the package archive does not offer $base"
	deb=${package}_${version//:/%3a}_all.deb
	[ -f "$deb" ] || apt-get download "$package=$version"
	apply_to "$version" "$deb"
done
