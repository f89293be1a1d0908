#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: shell.sh
# An interactive shell in the guest.

. "$(dirname "$0")/lib.sh"

"$harness/qemu/initramfs.sh" release
CONSOLE=terminal "$harness/qemu/boot.sh" release "$build/results/shell" infinity shell
