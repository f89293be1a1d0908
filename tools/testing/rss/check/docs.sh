#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: docs.sh
# Makes HTML of the documents that the series adds; a warning about a line of
# ours is an error. What other documents would be linked to is not known here,
# so others' lines have warnings.

. "$(dirname "$0")/../lib.sh"

# Those of netlink would be generated, in the source tree.
kmake "$linux" "$build/docs" htmldocs SPHINXDIRS="mm admin-guide/cgroup-v1" \
	YNL_INDEX=/dev/null YNL_RST_FILES= > /dev/null 2> "$build/docs.warnings" ||
	{ cat "$build/docs.warnings"; die "no HTML could be made"; }
"$house/check/touched.sh" "$build/docs.warnings" "warnings about the documents"
