# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154
# Sourced by what reads the package archive. The machine's own package lists serve
# a base without a suite. For the others there is a source list in build/apt, and
# all that apt keeps is beside it: the machine's configuration does not change.

apt=$repo/build/apt

# The mirror that the machine's own release comes from.
mirror()
{
	local codename

	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(SITE) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
		awk -v codename="$codename" '
			$2 == codename && $3 == "main" && !found { print $1; found = 1 }
			END { exit !found }' ||
		die "no package source of this machine has the main component of $codename"
}

# archive_open SUITE: makes its packages known, an empty one's are known already
archive_open()
{
	local suite=$1 directory=$apt/${1:-machine}

	mkdir -p "$apt"
	archive_options=(-o APT::Sandbox::User=root)
	[ -n "$suite" ] || return 0
	mkdir -p "$directory/lists/partial" "$directory/cache/archives/partial"
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
		"$(mirror) $suite main" > "$directory/sources.list"
	archive_options+=(
		-o "Dir::Etc::SourceList=$directory/sources.list"
		-o Dir::Etc::SourceParts=-
		-o "Dir::State::Lists=$directory/lists"
		-o "Dir::Cache=$directory/cache"
	)
	apt-get "${archive_options[@]}" --quiet=2 update ||
		die "the lists of $suite cannot be read"
}

# archive_versions PACKAGE: those that the archive offers
archive_versions()
{
	apt-cache "${archive_options[@]}" madison "$1" | awk '{ print $3 }' | sort -uV
}

# archive_get PACKAGE VERSION: prints where the package is after the download,
# which apt checks against the signed lists
archive_get()
{
	local package=$1 version=$2 deb
	deb=${package}_${version//:/%3a}_all.deb

	if [ ! -f "$apt/$deb" ]; then
		(cd "$apt" && apt-get "${archive_options[@]}" --quiet=2 \
			download "$package=$version" >&2) || die "no $package $version in the archive"
	fi
	echo "$apt/$deb"
}
