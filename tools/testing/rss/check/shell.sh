#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: shell.sh
# Checks all shell scripts of the repository.

. "$(dirname "$0")/../lib.sh"

cd "$repo"
mapfile -t scripts < <(git grep --untracked -lE '^#!.*sh$|^# shellcheck shell=')
for script in "${scripts[@]}"; do
	bash -n "$script"
done
shellcheck --external-sources --source-path=SCRIPTDIR "${scripts[@]}"
echo "${#scripts[@]} scripts"
