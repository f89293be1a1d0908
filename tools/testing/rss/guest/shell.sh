#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# An interactive shell, with the controller mounted as in the scenario.

mkdir -p /containers/rss
mount -t cgroup -o rss rss /containers/rss
cd /containers/rss || exit
echo "The controller is mounted here, on /containers/rss. Ctrl-A X or 'exit' ends the guest."
exec sh
