// SPDX-License-Identifier: GPL-2.0
/*
 * The first container since boot: memory for the page records is allocated
 * when it is created, all or nothing. Runs before all other programs.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit.h"
#include "child.h"
#include "container.h"
#include "inject.h"
#include "kmsg.h"
#include "runner.h"
#include "timer.h"
#include "tunable.h"

#define FAIL		"/sys/kernel/debug/fail_page_alloc/"

#define NSEC_PER_SEC	1000000000L

/* Most time that mkdir(2) may take, in an emulator */
#define MKDIR_NS	(10 * NSEC_PER_SEC)

static const char *first_container(void)
{
	static char path[PATH_MAX];
	long records = audit_records();

	if (records < 0)
		skip_case("no audit");
	if (records)
		skip_case("there was a container before");
	snprintf(path, sizeof(path), "%s/first", container_root());
	return path;
}

static void expect_nothing(const char *path)
{
	long records = audit_records();

	require(access(path, F_OK), "%s is there", path);
	require(!records, "%ld records are left", records);
}

static void fail_to_make(struct child *self, void *arg)
{
	const char *path = arg;
	int fd = inject_open(), err;

	(void)self;
	inject_set(fd, "1");
	err = mkdir(path, 0755) ? errno : 0;
	/* Later allocations need not fail. */
	inject_set(fd, "0");
	require(err == ENOMEM, "mkdir, %s: %s", path, strerror(err));
}

/*
 * There is memory for the first steps, or for a part of the records. Pages
 * allocated together count only once.
 */
static void test_no_memory(void)
{
	static const char * const pages[] = { "0", "3", "8" };
	const char *path = first_container();
	struct child child;
	static struct kmsg log;
	unsigned int i;

	inject_start("fail_page_alloc");
	tunable_set(FAIL "min-order", "0");
	tunable_set(FAIL "ignore-gfp-highmem", "N");
	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		tunable_set(FAIL "space", pages[i]);
		kmsg_open(&log);
		child_fork(&child, fail_to_make, (void *)path);
		child_wait(&child);
		expect_nothing(path);
		if (i + 1 == ARRAY_SIZE(pages))
			require(kmsg_count(&log, "no memory for page records"),
				"the log says nothing");
	}
}

/* Killed after this time, possibly while it is running. */
struct making {
	const char *path;
	long ns;
};

static void make(struct child *self, void *arg)
{
	const struct making *making = arg;

	(void)self;
	timer_set(timer_new(SIGKILL), making->ns);
	require(!mkdir(making->path, 0755), "mkdir: %s", strerror(errno));
}

/* Killed later and later, until it is too late. */
static void test_interrupted(void)
{
	struct making making = { .path = first_container() };
	const char *path = making.path;
	struct child child;
	int times = 0;
	long records;

	for (making.ns = 10000; access(path, F_OK);
	     making.ns += making.ns / 4) {
		require(making.ns < MKDIR_NS, "not made in %ld ns", making.ns);
		child_fork(&child, make, &making);
		if (child_wait(&child) == CHILD_KILLED)
			times++;
		if (access(path, F_OK))
			expect_nothing(path);
	}
	ksft_print_msg("%d times killed, at last after %ld us\n", times,
		       making.ns / 1000);
	records = audit_records();
	require(records > 0, "%ld records", records);
	require(!rmdir(path), "rmdir: %s", strerror(errno));
	require(audit_records() == records,
		"there were %ld records", records);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_no_memory),
		T(test_interrupted),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
