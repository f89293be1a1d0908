/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared code of the RSS controller's KUnit tests.
 */
#ifndef _MM_RSS_TEST_H
#define _MM_RSS_TEST_H

#include <kunit/test.h>
#include <linux/cgroup.h>

#include "rss.h"

/* Allocate the records, as the first container does. Skip if disabled. */
static inline int rss_test_need_records(struct kunit *test)
{
	int err;

	if (!cgroup_subsys_enabled(rss_cgrp_subsys))
		kunit_skip(test, "the controller is disabled");
	cgroup_lock();
	err = rss_pages_alloc();
	cgroup_unlock();
	return err;
}

#endif /* _MM_RSS_TEST_H */
