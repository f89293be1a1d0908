#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: docs.sh
# Builds HTML from the documents that the series adds; a warning about one of
# their lines is an error. The targets of links in other documents are not built,
# so their lines have warnings.

. "$(dirname "$0")/../lib.sh"

# Those of netlink would be generated in the source tree.
kmake "$linux" "$build/docs" htmldocs SPHINXDIRS="mm admin-guide/cgroup-v1" \
	YNL_INDEX=/dev/null YNL_RST_FILES= > /dev/null 2> "$build/docs.warnings" ||
	{ cat "$build/docs.warnings"; die "no HTML could be made"; }
"$harness/check/touched.sh" "$build/docs.warnings" "warnings about the documents"
