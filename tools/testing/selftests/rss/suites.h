/* SPDX-License-Identifier: GPL-2.0 */
/* The suites of programs of several files; each is in the file of its name. */
#ifndef RSS_SUITES_H
#define RSS_SUITES_H

#include "runner.h"

/* test_migrate */
extern const struct rss_suite migrate_away;
extern const struct rss_suite migrate_live;
extern const struct rss_suite migrate_owner;

/* test_nest */
extern const struct rss_suite nest_fair;

/* test_owner */
extern const struct rss_suite owner_exit;
extern const struct rss_suite ownerless;

/* test_thp */
extern const struct rss_suite thp_sizes;

/* test_v2 */
extern const struct rss_suite v2_delegate;
extern const struct rss_suite v2_files;

/* test_watermark */
extern const struct rss_suite watermark_load;
extern const struct rss_suite watermark_wide;

#endif
