#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Hands over the results of the KUnit suites, which ran at boot.

for suite in /sys/kernel/debug/kunit/*/; do
	[ -d "$suite" ] || continue
	cat "$suite/results" > "/host/kunit.$(basename "$suite").tap"
done
