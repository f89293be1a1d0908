#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: import.sh
# Makes $linux a git tree whose first commit, tagged "base", is the pristine
# source: $KSRC (a tree or a tarball), or the distribution's package.

. "$(dirname "$0")/../lib.sh"

source=${KSRC:-$("$harness/tree/fetch.sh")}
[ -e "$source" ] || die "no kernel source at $source: 'make deps', or KSRC=/path"

version_of()
{
	awk -F ' = ' '
		/^(VERSION|PATCHLEVEL) = / { printf "%s.", $2 }
		/^SUBLEVEL = / { print $2; exit }
	' "$1/Makefile"
}

if [ -d "$source" ]; then
	source=$(cd "$source" && pwd)
	[ ! -e "$source/.config" ] || die "$source was built in: give a clean tree"
	identity="$source $(version_of "$source")"
else
	identity=$(sha256sum < "$source")
fi

stamp=$linux/.git/rss-source
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$identity" ]; then
	exit 0
fi
if [ -f "$stamp" ] && [ "${FORCE:-}" != 1 ]; then
	die "$linux was made of another source than $source:" \
		"give the same KSRC, or replace it with 'make tree FORCE=1'"
fi

say "unpacking $source"
rm -rf "$linux" "$stock"
mkdir -p "$linux"
if [ -d "$source" ]; then
	tar -C "$source" --exclude=./.git -c . | tar -C "$linux" -x
else
	tar -C "$linux" --use-compress-program='xz -T0' --strip-components=1 \
		--no-same-owner -xf "$source"
fi

version=$(version_of "$linux")
[[ $version == "$base".* ]] || die "the source is $version: series/$base is for $base.y"

say "recording Linux $version as the base"
cd "$linux"
git init --quiet --initial-branch=rss
# Build directories lie in the tree: then no path in an object names the machine.
echo '/out-*/' >> .git/info/exclude
# With this threshold the files go to one pack, not to 86,000 objects.
git -c core.bigFileThreshold=1 -c core.compression=1 add --all --force .
export GIT_AUTHOR_NAME=Linux GIT_AUTHOR_EMAIL=linux-kernel@vger.kernel.org
export GIT_COMMITTER_NAME=Linux GIT_COMMITTER_EMAIL=linux-kernel@vger.kernel.org
export GIT_AUTHOR_DATE='2025-01-01T00:00:00Z' GIT_COMMITTER_DATE='2025-01-01T00:00:00Z'
git commit --quiet --message="Linux $version"
git tag base
git update-ref refs/rss/assembled HEAD
echo "$identity" > "$stamp"
