// SPDX-License-Identifier: GPL-2.0
/*
 * Delegation on cgroup v2: the rights of a user to whom a container was
 * delegated, as the top of a cgroup namespace or by the owner of its
 * directory. And what is impossible for all: the controller in a threaded
 * cgroup.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"
#include "container.h"
#include "hierarchy.h"
#include "mem.h"
#include "runner.h"
#include "suites.h"
#include "swap.h"
#include "unified.h"

/* Files by a path relative to the process, which may not see what is above. */
static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

static void expect_put(const char *path, const char *text, int wanted)
{
	int err = put(path, text);

	require(err == wanted, "writing '%s' to %s: %d instead of %d", text,
		path, err, wanted);
}

static void make_below(void)
{
	require(!mkdir("below", 0755), "mkdir: %s", strerror(errno));
	expect_put("below/cgroup.procs", "0", 0);
	expect_put("cgroup.subtree_control", "+rss", 0);
}

static void use_namespace(struct child *self, void *arg)
{
	require(!chdir(arg), "chdir: %s", strerror(errno));
	require(!unshare(CLONE_NEWCGROUP), "unshare: %s", strerror(errno));
	child_sync(self);
	/* The delegating user controls the limit. */
	expect_put("rss.max", "max", -EPERM);
	expect_put("rss.max", "0", -EPERM);
	expect_put("rss.reclaim", "0", 0);
	make_below();
	expect_put("below/rss.max", "64M", 0);
	expect_put("below/rss.watermark", "32M", 0);
	expect_put("below/rss.reclaim", "0", 0);
	child_sync(self);
}

/* The option applies to all mounts; only the first namespace can set it. */
static void set_nsdelegate(bool on)
{
	require(!mount(NULL, hierarchy_root(), NULL, MS_REMOUNT,
		       on ? "nsdelegate" : NULL), "remounting: %s",
		strerror(errno));
}

static bool has_nsdelegate(void)
{
	char root[256];
	bool on = false;

	cg_find_unified_root(root, sizeof(root), &on);
	return on;
}

static void test_namespace(void)
{
	char *c = container_new(NULL, "given");
	bool was_on = has_nsdelegate();
	struct child child;
	char *below;

	if (!was_on)
		set_nsdelegate(true);
	container_set(c, "rss.max", "128M");
	child_start(&child, c, use_namespace, c);
	child_go(&child);
	child_poll(&child, WAIT_SECONDS * 1000);
	if (!was_on)
		set_nsdelegate(false);
	require(child_wait(&child) == CHILD_SYNCED, "the child ended");
	require(container_get(c, "rss.max") == 128 << 20, "rss.max is %ld",
		container_get(c, "rss.max"));
	below = cg_name(c, "below");
	require(container_get(below, "rss.max") == 64 << 20,
		"rss.max below is %ld", container_get(below, "rss.max"));
	child_finish(&child);
}

static void test_list(void)
{
	char text[1024];

	if (read_text("/sys/kernel/cgroup/delegate", text, sizeof(text)) <= 0)
		skip_case("no /sys/kernel/cgroup/delegate");
	require(strstr(text, "rss.reclaim\n"), "rss.reclaim is not listed");
	require(!strstr(text, "rss.max\n"), "rss.max is listed");
}

static void give(const char *c, const char *file)
{
	char *path = cg_control(c, file);

	require(!chown(path, TEST_UID, TEST_UID), "chown %s: %s", path,
		strerror(errno));
	free(path);
}

static void use_as_nobody(struct child *self, void *arg)
{
	require(!chdir(arg), "chdir: %s", strerror(errno));
	child_sync(self);
	require(!setgid(TEST_UID) && !setuid(TEST_UID), "setuid: %s",
		strerror(errno));
	expect_put("rss.max", "max", -EACCES);
	expect_put("rss.watermark", "max", -EACCES);
	expect_put("rss.reclaim", "4096", -EACCES);
	make_below();
	expect_put("below/rss.max", "64M", 0);
	expect_put("below/rss.reclaim", "0", 0);
	/* That limit is its own; the one above still holds. */
	expect_put("below/rss.max", "max", 0);
	mem_fill(mem_anon(4096), 4096, 0);
	child_sync(self);
}

static void test_owner(void)
{
	char *c = container_new(NULL, "given");
	struct child child;

	swap_none();
	give(c, ".");
	give(c, "cgroup.procs");
	give(c, "cgroup.subtree_control");
	child_start(&child, c, use_as_nobody, c);
	container_set_pages(c, "rss_limit", 2048);
	child_go(&child);
	child_expect_killed(&child);
}

static void test_threaded_below(void)
{
	char *c = container_new(NULL, "domain");
	char *below = container_new(c, "below");
	int err = cg_write(below, "cgroup.type", "threaded");

	require(err == -EOPNOTSUPP, "a threaded child of a container: %d", err);
	require(container_has(below, "rss.max"), "the child is no container");
}

/* In the root it may be threaded, but then it is no container. */
static void test_threaded(void)
{
	char *c = container_new(NULL, "threaded");
	int err;

	container_set(c, "cgroup.type", "threaded");
	require(!unified_has(c, "rss"), "a threaded cgroup has the controller");
	require(!container_has(c, "rss.max"), "a threaded cgroup has files");
	err = unified_enable(c, "rss");
	require(err == -ENOENT, "enabled in a threaded cgroup: %d", err);
}

static const struct rss_case cases[] = {
	T(test_namespace),
	T(test_list),
	T(test_owner),
	T(test_threaded_below),
	T(test_threaded),
};

const struct rss_suite v2_delegate = {
	"delegate", cases, ARRAY_SIZE(cases)
};
