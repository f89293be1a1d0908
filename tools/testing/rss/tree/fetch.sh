#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: fetch.sh
# Prints where the tarball of the base is; fetches it first if no installed
# package brings it.

. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/archive.sh"

if [ -z "$suite" ]; then
	echo "/usr/src/$package.tar.xz"
	exit 0
fi
tarball=$apt/$version/$package.tar.xz
if [ ! -f "$tarball" ]; then
	say "fetching $package $version of $suite" >&2
	archive_open "$suite"
	deb=$(archive_get "$package" "$version")
	mkdir -p "${tarball%/*}"
	dpkg-deb --fsys-tarfile "$deb" |
		tar -xO "./usr/src/$package.tar.xz" > "$tarball.part"
	[ "$(sha256sum < "$tarball.part")" = "$sha256  -" ] ||
		die "$package $version is not what series/$base/source says"
	mv "$tarball.part" "$tarball"
	rm "$deb"
fi
echo "$tarball"
