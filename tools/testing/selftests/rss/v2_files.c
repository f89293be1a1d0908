// SPDX-License-Identifier: GPL-2.0
/*
 * The control files of cgroup v2: which exist, what they accept, what they
 * show at rest. Sizes are bytes, of whole pages.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "child.h"
#include "container.h"
#include "keys.h"
#include "mem.h"
#include "runner.h"
#include "suites.h"

static const struct {
	const char *name;
	mode_t mode;
	bool on_root;
} files[] = {
	{ "rss.current", 0444, true },
	{ "rss.peak", 0644 },
	{ "rss.max", 0644 },
	{ "rss.watermark", 0644 },
	{ "rss.events", 0444 },
	{ "rss.events.local", 0444 },
	{ "rss.stat", 0444, true },
	{ "rss.reclaim", 0200 },
};

static void test_modes(void)
{
	char *c = container_new(NULL, "modes"), *path;
	struct stat st;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(files); i++) {
		path = cg_control(c, files[i].name);
		require(!stat(path, &st), "no %s", path);
		require((st.st_mode & 07777) == files[i].mode,
			"%s has mode %o", files[i].name, st.st_mode & 07777);
		free(path);
	}
}

static void test_root(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(files); i++)
		require(container_has(container_root(), files[i].name) ==
			files[i].on_root, "the root has %s%s",
			files[i].on_root ? "no " : "", files[i].name);
}

/* See test_root_usage() of test_files.c for the tolerance. */
static void test_root_current(void)
{
	long usage = container_usage(container_root());
	long sum = read_key("/proc/vmstat", "nr_anon_pages") +
		   read_key("/proc/vmstat", "nr_mapped");
	long stat = container_stat(container_root(), "anon") +
		    container_stat(container_root(), "file");

	require(labs(usage - sum) <= sum / 10 + 1000,
		"usage %ld of the root, %ld pages mapped", usage, sum);
	require(labs(stat - sum) <= sum / 10 + 1000,
		"anon + file %ld of the root, %ld pages mapped", stat, sum);
}

static void test_defaults(void)
{
	static const char * const events[] = { "rss.events", "rss.events.local" };
	static const char none[] = "watermark 0\nmax 0\noom 0\noom_kill 0\n";
	char *c = container_new(NULL, "defaults");
	unsigned int i;

	require(container_get(c, "rss.current") == 0, "rss.current is not 0");
	require(container_get(c, "rss.peak") == 0, "rss.peak is not 0");
	require(container_get(c, "rss.max") == NO_LIMIT, "there is a limit");
	require(container_get(c, "rss.watermark") == NO_LIMIT,
		"there is a watermark");
	for (i = 0; i < ARRAY_SIZE(events); i++)
		require(!cg_read_strcmp(c, events[i], none),
			"%s has something else than four zeroes", events[i]);
}

static long whole_pages(unsigned long long bytes)
{
	return bytes - bytes % page_size();
}

static void accept(const char *c, const char *file)
{
	const struct {
		const char *text;
		long bytes;
	} rows[] = {
		{ "0", 0 },
		{ "1", 0 },
		{ "65536", 65536 },
		{ "65537", 65536 },
		{ "131071\n", 131071 - 131071 % page_size() },
		{ "  65536\t\n", 65536 },
		{ "128k", 128 << 10 },
		{ "129K", whole_pages(129 << 10) },
		{ "24M", 24 << 20 },
		{ "24m\n", 24 << 20 },
		{ "1G", 1L << 30 },
		{ "1t", 1L << 40 },
		{ "max", NO_LIMIT },
		{ "65536", 65536 },
		{ "-1", NO_LIMIT },
		{ "65536", 65536 },
		{ " max\n", NO_LIMIT },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		container_set(c, file, rows[i].text);
		require(container_get(c, file) == rows[i].bytes,
			"%s: '%s' became %ld instead of %ld", file,
			rows[i].text, container_get(c, file), rows[i].bytes);
	}
}

static void test_accepted(void)
{
	char *c = container_new(NULL, "accepted");

	accept(c, "rss.max");
	accept(c, "rss.watermark");
}

static void refuse(const char *c, const char *file, const char *text)
{
	int err = cg_write(c, file, (char *)text);

	require(err == -EINVAL, "%s: '%s' returned %d, not EINVAL", file, text,
		err);
}

static void refuse_all(const char *c, const char *file)
{
	static const char * const bad[] = {
		"abc", "12x", "-5", "-2", "+5", "0x10", "1.5", "K", "12 M",
		"12KB", "1 2", "max 1", "maximum", "-1x", " ", "\n", " \t\n",
		"18446744073709551616", "18014398509481984K", "16777216T",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		refuse(c, file, bad[i]);
}

static void test_refused(void)
{
	char *c = container_new(NULL, "refused");

	container_set(c, "rss.max", "24M");
	refuse_all(c, "rss.max");
	require(container_get(c, "rss.max") == 24 << 20, "the limit changed");
	container_set(c, "rss.watermark", "12M");
	refuse_all(c, "rss.watermark");
	require(container_get(c, "rss.watermark") == 12 << 20,
		"the watermark changed");
	refuse_all(c, "rss.reclaim");
	refuse(c, "rss.reclaim", "max");
	refuse(c, "rss.reclaim", "-1");
}

static void test_read_only(void)
{
	static const char * const names[] = {
		"rss.current", "rss.events", "rss.events.local", "rss.stat",
	};
	char *c = container_new(NULL, "read_only");
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		err = cg_write(c, names[i], "0");
		require(err == -EINVAL || err == -EACCES,
			"writing to %s returned %d", names[i], err);
	}
}

#define N	128

static void test_stat(void)
{
	static const char * const keys[] = {
		"anon", "file", "shmem", "inactive_anon", "active_anon",
		"inactive_file", "active_file", "unevictable", "pgscan",
		"pgsteal",
	};
	char *c = container_new(NULL, "stat");
	struct filler filler = { .pages = N };
	struct child child;
	unsigned int i;
	long anon;

	for (i = 0; i < ARRAY_SIZE(keys); i++)
		require(cg_read_key_long(c, "rss.stat", keys[i]) == 0,
			"%s is not 0 in an empty container", keys[i]);

	child_start(&child, c, child_filler, &filler);
	anon = cg_read_key_long(c, "rss.stat", "anon ");
	child_step(&child);
	require(cg_read_key_long(c, "rss.stat", "anon ") ==
		anon + N * (long)page_size(),
		"anon went from %ld to %ld bytes by %d pages", anon,
		cg_read_key_long(c, "rss.stat", "anon "), N);
	require(cg_read_key_long(c, "rss.stat", "anon ") +
		cg_read_key_long(c, "rss.stat", "file ") ==
		container_get(c, "rss.current"),
		"anon + file is not rss.current");
	child_step(&child);
	child_finish(&child);
}

/* More than CPUs may hold in advance, which the peak includes */
#define PEAK_PAGES	512

static void fill_and_unmap(struct child *self, void *arg)
{
	char *mem = mem_anon(PEAK_PAGES);

	(void)arg;
	for (;;) {
		child_sync(self);
		mem_fill(mem, PEAK_PAGES, 0);
		child_sync(self);
		mem_advise(mem, PEAK_PAGES, MADV_DONTNEED);
	}
}

static void expect_peak(int fd, const char *who, const char *when, long bytes)
{
	char text[32] = "";

	require(pread(fd, text, sizeof(text) - 1, 0) > 0, "reading rss.peak");
	require(atol(text) == bytes, "%s: %s reads %ld instead of %ld", when,
		who, atol(text), bytes);
}

static void reset_peak(int fd)
{
	require(pwrite(fd, "reset\n", 6, 0) == 6, "writing to rss.peak: %s",
		strerror(errno));
}

/*
 * Peaks are those of the counter, which includes stocks of the CPUs; a limit
 * of exactly what is needed leaves no room for them.
 */
static void test_peak(void)
{
	char *c = container_new(NULL, "peak");
	int first, second, third;
	struct child child;
	long low, high;

	child_start(&child, c, fill_and_unmap, NULL);
	low = container_usage(c);
	container_set_pages(c, "rss_limit", low + PEAK_PAGES);
	first = cg_open(c, "rss.peak", O_RDWR);
	second = cg_open(c, "rss.peak", O_RDWR);
	third = cg_open(c, "rss.peak", O_RDWR);
	require(first >= 0 && second >= 0 && third >= 0, "opening rss.peak");

	child_step(&child);
	low *= page_size();
	high = low + PEAK_PAGES * page_size();
	expect_peak(first, "the one not written", "filled", high);

	reset_peak(first);
	expect_peak(first, "the first", "reset while full", high);
	child_step(&child);
	reset_peak(second);
	expect_peak(second, "the second", "reset while empty", low);
	expect_peak(first, "the first", "the second was reset", high);
	expect_peak(third, "the one not written", "both were reset", high);

	reset_peak(first);
	expect_peak(first, "the first", "reset again", low);
	child_step(&child);
	expect_peak(first, "the first", "filled again", high);
	expect_peak(second, "the second", "filled again", high);
	child_step(&child);
	reset_peak(second);
	expect_peak(second, "the second", "reset again", low);
	expect_peak(first, "the first", "the second was reset again", high);

	/* One that is closed while others are open. */
	close(first);
	child_step(&child);
	expect_peak(second, "the second", "the first is closed", high);
	close(second);
	require(container_get(c, "rss.peak") == high, "the peak of all is %ld",
		container_get(c, "rss.peak"));
	container_set(c, "rss.max", "max");
}

static const struct rss_case cases[] = {
	T(test_modes),
	T(test_root),
	T(test_root_current),
	T(test_defaults),
	T(test_accepted),
	T(test_refused),
	T(test_read_only),
	T(test_stat),
	T(test_peak),
};

const struct rss_suite v2_files = {
	"files", cases, ARRAY_SIZE(cases)
};
