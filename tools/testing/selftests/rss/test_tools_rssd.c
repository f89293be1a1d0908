// SPDX-License-Identifier: GPL-2.0
/*
 * rssd on containers of a case.  Loads read a file in the scratch tmpfs, whose
 * pages take an unmap only to reclaim: no swap is needed.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "child.h"
#include "container.h"
#include "fs.h"
#include "hierarchy.h"
#include "keys.h"
#include "mem.h"
#include "runner.h"
#include "swap.h"
#include "tool.h"

/* Exit status of rssd if its configuration is bad */
#define BAD_CONFIG	6

static const char *name_of(const char *container)
{
	return container_path(container) + 1;
}

static const char *config_path(void)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/rssd.conf", fs_scratch());
	return path;
}

static void __printf(1, 2) configure(const char *fmt, ...)
{
	FILE *file = fopen(config_path(), "w");
	va_list args;

	require(file, "%s: %s", config_path(), strerror(errno));
	va_start(args, fmt);
	vfprintf(file, fmt, args);
	va_end(args);
	require(!fclose(file), "%s: %s", config_path(), strerror(errno));
}

static bool says(struct tool *rssd, const char *text)
{
	tool_look(rssd);
	return strstr(rssd->err, text);
}

static void expect_says(struct tool *rssd, const char *text)
{
	require(wait_for(says(rssd, text)), "no '%s' in '%s'", text, rssd->err);
}

/* Starts it, and waits until all containers have their watermarks. */
static void start(struct tool *rssd, const char *option)
{
	static char *probe;

	if (!probe)
		probe = container_new(NULL, "has");
	if (!container_has(probe, "rss_events"))
		skip_case("no rss_events");
	tool_start(rssd, "rssd", "-c", config_path(), option, NULL);
	expect_says(rssd, "watches");
}

static void stop(struct tool *rssd)
{
	kill(rssd->pid, SIGTERM);
	tool_wait(rssd);
	tool_expect_status(rssd, 0);
}

static void expect_watermark(const char *c, long pages)
{
	require(wait_for(container_get(c, "rss_watermark") == pages),
		"the watermark of %s is %ld, not %ld", container_path(c),
		container_get(c, "rss_watermark"), pages);
}

/* A child that maps the pages of a file, all of them with each step. */
struct mapper {
	int fd;
	size_t pages;
	bool locked;
};

static void map_file(struct child *self, void *arg)
{
	const struct mapper *m = arg;
	char *mem = mem_file(m->fd, m->pages, MAP_SHARED);

	for (;;) {
		child_sync(self);
		mem_read(mem, m->pages);
		require(!m->locked || !mlock(mem, m->pages * page_size()),
			"mlock: %s", strerror(errno));
	}
}

static void start_mapper(struct child *child, const char *c, struct mapper *m,
			 const char *file)
{
	m->fd = fs_file(file, m->pages, 0);
	child_start(child, c, map_file, m);
}

/*
 * A load that meets the limit HITS times, and the same load with rssd.  It
 * pauses after each CHUNK of pages, for longer than the kernel takes to pass
 * on an event (10 ms): between the high mark and the limit are 16 chunks.
 *
 * Who reclaims in the background can keep up only with what maps less than
 * reclaim takes, which depends on the machine and on what the kernel checks.
 * So its speed is measured, and the load uses a SHARE of it.
 */
#define LIMIT		8192
#define HIGH		4096
#define LOW		2048
#define CHUNK		256
#define PAUSE_US	15000
#define FILE_PAGES	16384
#define HITS		1000
#define SHARE		4

struct load {
	int fd;
	long *chunks;			/* read so far, shared */
	long *end;			/* ... and where to stop */
	long *pause_us;			/* after each */
};

static void read_on(struct child *self, void *arg)
{
	const struct load *load = arg;
	char *mem = mem_file(load->fd, FILE_PAGES, MAP_SHARED);
	size_t at = 0;

	for (;;) {
		child_sync(self);
		while (*load->chunks < __atomic_load_n(load->end,
						       __ATOMIC_RELAXED)) {
			mem_read(mem + at * page_size(), CHUNK);
			at = (at + CHUNK) % FILE_PAGES;
			++*load->chunks;
			usleep(*load->pause_us);
		}
	}
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* Fills the container up to the high mark, and times how it is emptied. */
static long measure_pause(const char *c, struct child *child,
			  const struct load *load)
{
	double start, chunk;
	long pages;

	*load->pause_us = 0;
	*load->end = HIGH / CHUNK;
	child_step(child);
	pages = container_usage(c);
	start = seconds();
	container_set(c, "rss_shrink_in_bytes", "1M");
	pages -= container_usage(c);
	require(pages > HIGH / 2, "only %ld pages were reclaimed", pages);
	chunk = (seconds() - start) * 1e6 * CHUNK / pages;
	*load->chunks = 0;
	return chunk * SHARE > PAUSE_US ? chunk * SHARE : PAUSE_US;
}

static void test_never_at_limit(void)
{
	struct tool rssd;
	struct child child;
	struct load load;
	long chunks, hits;
	char *c;

	c = container_new(NULL, "load");
	container_set_pages(c, "rss_limit", LIMIT);
	load.fd = fs_file("load", FILE_PAGES, 0);
	load.chunks = (long *)mem_shared(1);
	load.end = load.chunks + 1;
	load.pause_us = load.chunks + 2;
	if (!container_has(c, "rss_shrink_in_bytes"))
		skip_case("no rss_shrink_in_bytes");
	child_start(&child, c, read_on, &load);
	*load.pause_us = measure_pause(c, &child, &load);
	container_set(c, "rss_failcnt", "0");

	*load.end = LONG_MAX;
	child_go(&child);
	require(wait_for(container_get(c, "rss_failcnt") >= HITS),
		"failcnt %ld after %ld chunks", container_get(c, "rss_failcnt"),
		*load.chunks);
	__atomic_store_n(load.end, 0, __ATOMIC_RELAXED);
	require(child_wait(&child) == CHILD_SYNCED, "the load has ended");
	chunks = *load.chunks;
	hits = container_get(c, "rss_failcnt");

	configure("[load]\ncontainers = %s\nhigh = %dp\nlow = %dp\n",
		  name_of(c), HIGH, LOW);
	start(&rssd, "-v");
	require(wait_for(container_usage(c) <= LOW), "usage %ld at the start",
		container_usage(c));
	container_set(c, "rss_failcnt", "0");
	container_set(c, "rss_max_usage", "0");
	*load.end = 2 * chunks;
	child_step(&child);
	tool_look(&rssd);
	require(container_get(c, "rss_failcnt") == 0,
		"failcnt %ld with rssd, %ld without it, highest usage %ld; it said '%s'",
		container_get(c, "rss_failcnt"), hits,
		container_get(c, "rss_max_usage"), rssd.err);
	ksft_print_msg("%ld chunks, %ld us apart: failcnt %ld, with rssd 0; usage up to %ld\n",
		       chunks, *load.pause_us, hits,
		       container_get(c, "rss_max_usage"));
	stop(&rssd);
}

static long switches(pid_t pid)
{
	return proc_sleeps(pid) + proc_preemptions(pid);
}

/* Nothing happens to it, though tasks map pages below the mark. */
static void test_idle(void)
{
	struct mapper mapper = { .pages = 512 };
	char *c = container_new(NULL, "idle");
	struct child child;
	struct tool rssd;
	long before;

	configure("[all]\ncontainers = %s\nhigh = 2048p\nlow = 1024p\n",
		  name_of(c));
	start(&rssd, "-v");
	start_mapper(&child, c, &mapper, "idle");
	usleep(500000);
	before = switches(rssd.pid);
	require(before > 0, "no context switches known");
	child_step(&child);
	sleep(3);
	require(switches(rssd.pid) == before, "it ran %ld times",
		switches(rssd.pid) - before);
	stop(&rssd);
}

static void test_come_and_go(void)
{
	char *parent = container_new(NULL, "some"), *c;
	struct tool rssd;
	int i;

	configure("[some]\ncontainers = %s/*\nhigh = 512p\nlow = 256p\n",
		  name_of(parent));
	start(&rssd, "-v");
	for (i = 0; i < 3; i++) {
		c = container_new(parent, "a");
		expect_watermark(c, 512);
		container_remove(c);
	}
	/* Back before rssd can look, and deeper than the pattern reaches */
	c = container_new(parent, "a");
	container_remove(c);
	c = container_new(parent, "a");
	expect_watermark(c, 512);
	c = container_new(c, "deep");
	expect_watermark(container_new(parent, "b"), 512);
	expect_watermark(c, NO_LIMIT);
	expect_watermark(parent, NO_LIMIT);
	stop(&rssd);
}

/* A container that is above its mark from the start, and one renamed */
static void test_rename(void)
{
	struct mapper mapper = { .pages = 2048 };
	char *a = container_new(NULL, "a"), *b;
	struct child child;
	struct tool rssd;

	require(asprintf(&b, "%s-new", a) > 0, "out of memory");
	configure("[old]\ncontainers = %s\nhigh = 1024p\nlow = 512p\n"
		  "[new]\ncontainers = %s\nhigh = 768p\nlow = 256p\n",
		  name_of(a), name_of(b));
	start_mapper(&child, a, &mapper, "rename");
	child_step(&child);
	start(&rssd, "-v");
	expect_watermark(a, 1024);
	require(wait_for(container_usage(a) <= 512), "usage %ld",
		container_usage(a));
	require(!rename(a, b), "rename: %s", strerror(errno));
	expect_watermark(b, 768);
	child_step(&child);
	require(wait_for(container_usage(b) <= 256), "usage %ld",
		container_usage(b));
	stop(&rssd);
}

static void test_percent(void)
{
	char *c = container_new(NULL, "share");
	struct tool rssd;

	configure("[share]\ncontainers = %s\nhigh = 75%%\nlow = 50%%\n",
		  name_of(c));
	start(&rssd, "-v");
	expect_watermark(c, NO_LIMIT);
	container_set_pages(c, "rss_limit", 4000);
	expect_watermark(c, 3000);
	container_set_pages(c, "rss_limit", 1000);
	expect_watermark(c, 750);
	container_set(c, "rss_limit", "max");
	expect_watermark(c, NO_LIMIT);
	stop(&rssd);
}

static void test_reload(void)
{
	char *a = container_new(NULL, "a"), *b = container_new(NULL, "b");
	struct tool rssd;

	configure("[a]\ncontainers = %s\nhigh = 512p\nlow = 256p\n",
		  name_of(a));
	start(&rssd, "-v");
	expect_watermark(a, 512);

	configure("[a]\ncontainers = %s\nhigh = 512p\n", name_of(b));
	kill(rssd.pid, SIGHUP);
	expect_says(&rssd, "the old configuration stays");
	expect_watermark(a, 512);
	expect_watermark(b, NO_LIMIT);

	configure("[b]\ncontainers = %s\nhigh = 1024p\nlow = 256p\n",
		  name_of(b));
	kill(rssd.pid, SIGHUP);
	expect_watermark(b, 1024);
	expect_watermark(a, NO_LIMIT);
	stop(&rssd);
	expect_watermark(b, NO_LIMIT);
}

/* An administrator's own watermark outlives one that is killed. */
static void test_killed(void)
{
	char *c = container_new(NULL, "own");
	struct tool rssd;

	container_set_pages(c, "rss_watermark", 5000);
	configure("[own]\ncontainers = %s\nhigh = 1024p\nlow = 512p\n",
		  name_of(c));
	start(&rssd, "-v");
	expect_watermark(c, 1024);
	stop(&rssd);
	expect_watermark(c, 5000);

	start(&rssd, "-v");
	expect_watermark(c, 1024);
	kill(rssd.pid, SIGKILL);
	tool_wait(&rssd);
	expect_watermark(c, 1024);
	configure("[rssd]\nstep = 1M\n");
	start(&rssd, "-v");
	expect_watermark(c, 5000);
	stop(&rssd);
}

static int count(const char *text, const char *what)
{
	int nr = 0;

	for (; (text = strstr(text, what)); text++)
		nr++;
	return nr;
}

/*
 * Pages that can't be reclaimed: rssd says so once, and tries ever less often.
 * When they are gone, all is as before.
 */
static void test_busy(void)
{
	struct mapper locked = { .pages = 2048, .locked = true };
	struct mapper mapper = { .pages = 2048 };
	char *c = container_new(NULL, "busy");
	struct child child, other;
	struct tool rssd;
	long ticks;

	configure("[rssd]\nbackoff = 0.05\nbackoff-max = 1\n"
		  "[busy]\ncontainers = %s\nhigh = 1024p\nlow = 512p\n",
		  name_of(c));
	start_mapper(&child, c, &locked, "locked");
	start_mapper(&other, c, &mapper, "other");
	child_step(&child);
	start(&rssd, "-v");
	expect_says(&rssd, "not enough can be reclaimed");
	sleep(2);
	ticks = proc_ticks(rssd.pid);
	sleep(3);
	tool_look(&rssd);
	require(count(rssd.err, "not enough can be") == 1, "it said '%s'",
		rssd.err);
	require(proc_ticks(rssd.pid) - ticks < sysconf(_SC_CLK_TCK),
		"%ld ticks in 3 seconds", proc_ticks(rssd.pid) - ticks);

	kill(child.pid, SIGKILL);
	child_expect_killed(&child);
	child_step(&other);
	require(wait_for(container_usage(c) <= 512), "usage %ld",
		container_usage(c));
	stop(&rssd);
}

static void read_always(struct child *self, void *arg)
{
	const struct mapper *m = arg;
	char *mem = mem_file(m->fd, m->pages, MAP_SHARED);

	child_sync(self);
	for (;;)
		mem_read(mem, m->pages);
}

/*
 * What tasks use all the time is between the marks: they map again at once what
 * is reclaimed, which would go on for ever.
 */
static void test_working_set(void)
{
	struct mapper used = { .pages = 3072 }, more = { .pages = 2048 };
	char *c = container_new(NULL, "used");
	struct child child, other;
	struct tool rssd;
	long ticks;

	configure("[used]\ncontainers = %s\nhigh = 4096p\nlow = 512p\n",
		  name_of(c));
	used.fd = fs_file("used", used.pages, 0);
	child_start(&child, c, read_always, &used);
	start_mapper(&other, c, &more, "more");
	start(&rssd, "-v");
	child_go(&child);
	require(wait_for(container_usage(c) >= (long)used.pages), "usage %ld",
		container_usage(c));
	ticks = proc_ticks(rssd.pid);
	child_step(&other);
	sleep(8);
	ticks = proc_ticks(rssd.pid) - ticks;
	tool_look(&rssd);
	ksft_print_msg("%ld ticks in 8 seconds\n", ticks);
	require(strstr(rssd.err, "above"), "it was never above: '%s'", rssd.err);
	require(ticks < 4 * sysconf(_SC_CLK_TCK), "%ld ticks in 8 seconds: '%s'",
		ticks, rssd.err);
	stop(&rssd);
}

/* The smaller of two does not have to wait until the larger is done. */
static void test_fair(void)
{
	struct mapper many = { .pages = 32768 }, few = { .pages = 2048 };
	char *large = container_new(NULL, "a-large");
	char *small = container_new(NULL, "b-small");
	char large_done[PATH_MAX], small_done[PATH_MAX];
	struct child children[2];
	struct tool rssd;

	start_mapper(&children[0], large, &many, "large");
	start_mapper(&children[1], small, &few, "small");
	child_step(&children[0]);
	child_step(&children[1]);
	configure("[rssd]\nstep = 1024p\n"
		  "[large]\ncontainers = %s\nhigh = 1024p\nlow = 512p\n"
		  "[small]\ncontainers = %s\nhigh = 1024p\nlow = 512p\n",
		  name_of(large), name_of(small));
	start(&rssd, "-v");
	snprintf(large_done, sizeof(large_done), "%s: is at", name_of(large));
	snprintf(small_done, sizeof(small_done), "%s: is at", name_of(small));
	expect_says(&rssd, large_done);
	expect_says(&rssd, small_done);
	require(container_usage(large) <= 512 && container_usage(small) <= 512,
		"usages %ld and %ld", container_usage(large),
		container_usage(small));
	require(strstr(rssd.err, small_done) < strstr(rssd.err, large_done),
		"the large one was first");
	stop(&rssd);
}

static void test_dry_run(void)
{
	struct mapper mapper = { .pages = 2048 };
	char *c = container_new(NULL, "dry");
	struct child child;
	struct tool rssd;
	long usage;

	start_mapper(&child, c, &mapper, "dry");
	child_step(&child);
	usage = container_usage(c);
	container_set_pages(c, "rss_watermark", 5000);
	configure("[dry]\ncontainers = %s\nhigh = 1024p\nlow = 512p\n",
		  name_of(c));
	start(&rssd, "--dry-run");
	expect_says(&rssd, "would set the watermark to 4.0M");
	expect_says(&rssd, "would shrink to 2.0M");
	stop(&rssd);
	require(container_usage(c) == usage, "usage fell from %ld to %ld",
		usage, container_usage(c));
	expect_watermark(c, 5000);
}

/*
 * What a container costs that comes or goes must not depend on how many there
 * are.  Looking at all of them, as rssd does when it loads its configuration, is
 * the measure: that many comings and goings must cost less than a few looks.
 */
#define MANY		1500
#define CHURN		50
#define LOOKS		10

static long look_ticks(struct tool *rssd)
{
	long before = proc_ticks(rssd->pid);
	int i;

	for (i = 1; i <= LOOKS; i++) {
		kill(rssd->pid, SIGHUP);
		require(wait_for((tool_look(rssd),
				  count(rssd->err, "loaded again") == i)),
			"not loaded: '%s'", rssd->err);
	}
	return proc_ticks(rssd->pid) - before;
}

static void test_churn(void)
{
	char *parent = container_new(NULL, "churn"), *c;
	struct tool rssd;
	long looks, ticks;
	int i;

	container_new_several(parent, MANY);
	configure("[churn]\ncontainers = %s/*\nhigh = 512p\nlow = 256p\n",
		  name_of(parent));
	start(&rssd, NULL);
	looks = look_ticks(&rssd);
	ticks = proc_ticks(rssd.pid);
	for (i = 0; i < CHURN; i++) {
		c = container_new(parent, "x");
		expect_watermark(c, 512);
		container_remove(c);
	}
	ticks = proc_ticks(rssd.pid) - ticks;
	ksft_print_msg("%ld ticks for %d containers beside %d, %ld for %d looks at all\n",
		       ticks, CHURN, MANY, looks, LOOKS);
	require(ticks < looks, "%ld ticks for %d containers, %ld for %d looks",
		ticks, CHURN, looks, LOOKS);
	stop(&rssd);
}

/* What Type=notify of its unit promises */
static void test_notify(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char text[256] = "";
	struct tool rssd;
	int fd;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify",
		 fs_scratch());
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	require(!bind(fd, (struct sockaddr *)&address, sizeof(address)),
		"bind: %s", strerror(errno));
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	configure("[rssd]\nstep = 1M\n");
	start(&rssd, "-v");
	require(recv(fd, text, sizeof(text) - 1, 0) > 0 &&
		strstr(text, "READY=1"), "it told '%s'", text);
	kill(rssd.pid, SIGHUP);
	require(recv(fd, text, sizeof(text) - 1, 0) > 0 &&
		strstr(text, "RELOADING=1"), "it told '%s'", text);
	require(recv(fd, text, sizeof(text) - 1, 0) > 0 &&
		strstr(text, "READY=1"), "it told '%s'", text);
	stop(&rssd);
	require(recv(fd, text, sizeof(text) - 1, 0) > 0 &&
		strstr(text, "STOPPING=1"), "it told '%s'", text);
}

static void test_bad_config(void)
{
	struct tool rssd;

	configure("[a]\ncontainers = a\nhigh = 5\n");
	tool_run(&rssd, "rssd", "-c", config_path(), NULL);
	tool_expect_status(&rssd, BAD_CONFIG);
	tool_expect_err(&rssd, "rssd.conf:3: high: needs a unit");
	require(count(rssd.err, "\n") == 1, "it said '%s'", rssd.err);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_never_at_limit),
		T(test_idle),
		T(test_come_and_go),
		T(test_churn),
		T(test_rename),
		T(test_percent),
		T(test_reload),
		T(test_killed),
		T(test_busy),
		T(test_working_set),
		T(test_fair),
		T(test_dry_run),
		T(test_notify),
		T(test_bad_config),
	};

	hierarchy_use(1);
	return run_cases(cases, ARRAY_SIZE(cases));
}
