// SPDX-License-Identifier: GPL-2.0
/*
 * The control files of cgroup v1: which exist, what they accept, what they
 * show at rest.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "child.h"
#include "container.h"
#include "hierarchy.h"
#include "keys.h"
#include "mem.h"
#include "runner.h"
#include "swap.h"

static const struct {
	const char *name;
	mode_t mode;
	bool later;		/* may be missing in the first version */
} files[] = {
	{ "rss_usage", 0444 },
	{ "rss_limit", 0644 },
	{ "rss_failcnt", 0644 },
	{ "rss_max_usage", 0644 },
	{ "rss_reclaimed", 0444 },
	{ "rss_stat", 0444 },
	{ "rss_shrink_in_bytes", 0200, true },
	{ "rss_watermark", 0644, true },
	{ "rss_events", 0444, true },
};

static mode_t file_mode(const char *container, const char *name)
{
	char *path = cg_control(container, name);
	struct stat st;

	require(!stat(path, &st), "no %s", path);
	free(path);
	return st.st_mode & 07777;
}

static void test_modes(void)
{
	char *c = container_new(NULL, "modes");
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(files); i++) {
		if (!container_has(c, files[i].name)) {
			require(files[i].later, "no %s", files[i].name);
			ksft_print_msg("no %s yet\n", files[i].name);
			continue;
		}
		require(file_mode(c, files[i].name) == files[i].mode,
			"%s has mode %o", files[i].name,
			file_mode(c, files[i].name));
	}
	require(!container_has(c, "rss.rss_usage"), "the names have a prefix");
}

static void test_root(void)
{
	unsigned int i;
	bool wanted;

	for (i = 0; i < ARRAY_SIZE(files); i++) {
		wanted = !strcmp(files[i].name, "rss_usage") ||
			 !strcmp(files[i].name, "rss_stat");
		require(container_has(container_root(), files[i].name) == wanted,
			"the root has %s%s", wanted ? "no " : "",
			files[i].name);
	}
}

/*
 * The root's usage is all that is mapped. The kernel's own sum, in vmstat,
 * uses per-CPU counters that lag by up to 125 pages for each CPU, zone and
 * item; a tenth is more than that on any machine.
 */
static void test_root_usage(void)
{
	long usage = container_usage(container_root());
	long sum = read_key("/proc/vmstat", "nr_anon_pages") +
		   read_key("/proc/vmstat", "nr_mapped");

	require(labs(usage - sum) <= sum / 10 + 1000,
		"usage %ld of the root, %ld pages mapped", usage, sum);
}

static void test_defaults(void)
{
	char *c = container_new(NULL, "defaults");

	require(container_get(c, "rss_limit") == NO_LIMIT, "there is a limit");
	require(container_usage(c) == 0, "usage is not 0");
	require(container_get(c, "rss_max_usage") == 0, "max_usage is not 0");
	require(container_get(c, "rss_failcnt") == 0, "failcnt is not 0");
	require(container_get(c, "rss_reclaimed") == 0, "reclaimed is not 0");
}

#define PAGES_OF(bytes)	((long)((bytes) / page_size()))

/* Numbers are pages; with a unit, bytes rounded down to pages. */
static void test_accepted(void)
{
	char *c = container_new(NULL, "accepted");
	const struct {
		const char *text;
		long pages;
	} rows[] = {
		{ "6000", 6000 },
		{ "0", 0 },
		{ "1", 1 },
		{ "6000\n", 6000 },
		{ "  6000", 6000 },
		{ "6000  ", 6000 },
		{ "\t6000\t\n", 6000 },
		{ "06000", 6000 },
		{ "24M", PAGES_OF(24ULL << 20) },
		{ "24m", PAGES_OF(24ULL << 20) },
		{ "1g", PAGES_OF(1ULL << 30) },
		{ "1G", PAGES_OF(1ULL << 30) },
		{ "128K", PAGES_OF(128ULL << 10) },
		{ "128k\n", PAGES_OF(128ULL << 10) },
		{ "1T", PAGES_OF(1ULL << 40) },
		{ "1t", PAGES_OF(1ULL << 40) },
		{ "1K", PAGES_OF(1ULL << 10) },
		{ "129K", PAGES_OF(129ULL << 10) },
		{ "max", NO_LIMIT },
		{ "5", 5 },
		{ "-1", NO_LIMIT },
		{ "7", 7 },
		{ "max\n", NO_LIMIT },
		{ "8", 8 },
		{ " -1\t\n", NO_LIMIT },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		container_set(c, "rss_limit", rows[i].text);
		require(container_get(c, "rss_limit") == rows[i].pages,
			"'%s' became %ld instead of %ld", rows[i].text,
			container_get(c, "rss_limit"), rows[i].pages);
	}
}

static const char * const bad_numbers[] = {
	"abc", "12x", "-5", "-2", "+5", "+", "-", "0x10", "0X10", "1e3",
	"1.5", "K", "M", "12 M", "12KB", "12KK", "12k5", "12P", "1 2",
	"6000 pages", "max 1", "maximum", "ma", "-1x", "--1",
	" ", "\n", " \t\n",
	"18446744073709551616", "18446744073709551616K", "18014398509481984K",
	"16777216T", "99999999999999999999999999",
};

static void refuse(const char *container, const char *file, const char *text)
{
	int err = cg_write(container, file, (char *)text);

	require(err == -EINVAL, "%s: '%s' returned %d, not EINVAL", file, text,
		err);
}

static void test_refused(void)
{
	char *c = container_new(NULL, "refused");
	unsigned int i;

	container_set(c, "rss_limit", "4321");
	for (i = 0; i < ARRAY_SIZE(bad_numbers); i++) {
		refuse(c, "rss_limit", bad_numbers[i]);
		require(container_get(c, "rss_limit") == 4321,
			"'%s' changed the limit", bad_numbers[i]);
	}
	/* As a number of pages: more bytes than a number can hold. */
	refuse(c, "rss_limit", "18446744073709551615");
	/* The kernel passes no empty write to a cgroup file. */
	require(!cg_write(c, "rss_limit", "") &&
		container_get(c, "rss_limit") == 4321, "nothing was written");
}

static void refuse_resets(const char *container, const char *file)
{
	static const char * const bad[] = {
		"1", "-1", "-0", "max", "abc", " ", "\n", "0x0", "0K", "0 0",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		refuse(container, file, bad[i]);
	require(container_get(container, file) > 0, "%s changed", file);
}

/*
 * A child fills 128 pages and unmaps them: max_usage is then at least 128
 * above usage. With a limit of 0 nothing can be mapped, which failcnt shows.
 */
#define PEAK_PAGES	128

static void peak(struct child *self, void *arg)
{
	char *mem = mem_anon(PEAK_PAGES);

	(void)arg;
	mem_fill(mem, PEAK_PAGES, 0);
	mem_unmap(mem, PEAK_PAGES);
	child_sync(self);
}

static void test_reset_max_usage(void)
{
	char *c = container_new(NULL, "max_usage");
	struct child child;

	child_start(&child, c, peak, NULL);
	require(container_get(c, "rss_max_usage") >=
		container_usage(c) + PEAK_PAGES, "max_usage %ld, usage %ld",
		container_get(c, "rss_max_usage"), container_usage(c));
	refuse_resets(c, "rss_max_usage");
	container_set(c, "rss_max_usage", "0");
	require(container_get(c, "rss_max_usage") == container_usage(c),
		"max_usage was not reset to the usage");
	child_finish(&child);
	require(container_get(c, "rss_max_usage") > 0, "max_usage went down");
	container_set(c, "rss_max_usage", " 0\n");
	require(container_get(c, "rss_max_usage") == 0,
		"max_usage was not reset to 0");
}

static void test_reset_failcnt(void)
{
	char *c = container_new(NULL, "failcnt");
	struct filler filler = { .pages = PEAK_PAGES };
	struct child child;

	swap_none();
	child_start(&child, c, child_filler, &filler);
	container_set_pages(c, "rss_limit", container_usage(c) + PEAK_PAGES / 2);
	child_go(&child);
	require(child_wait(&child) == CHILD_KILLED, "the limit does not hold");
	require(container_get(c, "rss_failcnt") > 0, "failcnt is 0");
	refuse_resets(c, "rss_failcnt");
	container_set(c, "rss_failcnt", "0");
	require(container_get(c, "rss_failcnt") == 0, "failcnt was not reset");
}

static void test_stat(void)
{
	static const char * const keys[] = {
		"anon", "file", "shmem", "inactive_anon", "active_anon",
		"inactive_file", "active_file", "unevictable", "pgscan",
		"pgsteal",
	};
	char *c = container_new(NULL, "stat");
	struct filler filler = { .pages = 100 };
	struct child child;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(keys); i++)
		require(container_stat(c, keys[i]) == 0,
			"%s is not 0 in an empty container", keys[i]);

	child_start(&child, c, child_filler, &filler);
	child_step(&child);
	require(container_stat(c, "anon") >= 100, "anon is below 100");
	require(container_stat(c, "anon") + container_stat(c, "file") ==
		container_usage(c), "anon + file is not the usage");
	require(container_stat(c, "shmem") <= container_stat(c, "file"),
		"shmem is not a part of file");
	child_step(&child);
	child_finish(&child);
}

static void test_shrink_values(void)
{
	char *c = container_new(NULL, "shrink");
	unsigned int i;

	if (!container_has(c, "rss_shrink_in_bytes"))
		skip_case("no rss_shrink_in_bytes yet");
	for (i = 0; i < ARRAY_SIZE(bad_numbers); i++)
		refuse(c, "rss_shrink_in_bytes", bad_numbers[i]);
	refuse(c, "rss_shrink_in_bytes", "max");
	refuse(c, "rss_shrink_in_bytes", "-1");
	container_set(c, "rss_shrink_in_bytes", "0");
	container_set(c, "rss_shrink_in_bytes", "1M");
}

static void test_watermark_values(void)
{
	char *c = container_new(NULL, "watermark");
	unsigned int i;

	if (!container_has(c, "rss_watermark"))
		skip_case("no rss_watermark yet");
	require(container_get(c, "rss_watermark") == NO_LIMIT,
		"there is a watermark");
	container_set(c, "rss_watermark", "24M");
	for (i = 0; i < ARRAY_SIZE(bad_numbers); i++)
		refuse(c, "rss_watermark", bad_numbers[i]);
	require(container_get(c, "rss_watermark") == PAGES_OF(24ULL << 20),
		"24M became %ld", container_get(c, "rss_watermark"));
	container_set(c, "rss_watermark", "max");
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_modes),
		T(test_root),
		T(test_root_usage),
		T(test_defaults),
		T(test_accepted),
		T(test_refused),
		T(test_reset_max_usage),
		T(test_reset_failcnt),
		T(test_stat),
		T(test_shrink_values),
		T(test_watermark_values),
	};

	hierarchy_use(1);
	return run_cases(cases, ARRAY_SIZE(cases));
}
