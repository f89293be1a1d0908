#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: series.sh
# Writes the series as mails to $build/series/.

. "$(dirname "$0")/../lib.sh"

cd "$linux"
# The cover letter's first paragraph is its subject, as in a commit message.
letter=$(sed -e "s,@LINUX@,$(git log -1 --format=%s base)," -e "s,@PACKAGE@,$package," \
	-e "s,@VERSION@,$version," -e "s,@SHA256@,$sha256," "$repo/series/0000-cover-letter")
git config branch.rss.description "$letter"
rm -rf "$build/series"
git -c user.name="$(git log -1 --format=%an)" -c user.email="$(git log -1 --format=%ae)" \
	format-patch --quiet --cover-letter --cover-from-description=subject \
	--abbrev=12 --no-signature --no-renames --output-directory="$build/series" base..rss
say "${build#"$repo/"}/series has $(find "$build/series" -name '*.patch' | wc -l) mails"
