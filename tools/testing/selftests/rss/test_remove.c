// SPDX-License-Identifier: GPL-2.0
/*
 * A removed container leaves nothing behind. Pages that it still owns, as
 * others map them, pass to its parent, on the same lists, even if the parent
 * has no room. And nothing is lost if they are removed under load.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "child.h"
#include "clock.h"
#include "container.h"
#include "fs.h"
#include "keys.h"
#include "mem.h"
#include "runner.h"
#include "swap.h"
#include "trace.h"

#define N		128
#define DEPTH		8

static void expect_none_dead(void)
{
	require(wait_for(!container_dead()), "%ld dead containers stay behind",
		container_dead());
}

static void remove_and_wait(const char *container)
{
	container_remove(container);
	expect_none_dead();
}

/*
 * Many in a row, each of which owns N pages, mapped by the case, when it is
 * removed. RSS_REMOVE_COUNT in the environment sets their number.
 */
#define COUNT		1000
#define WARM_UP		32

/* Per container; less than the least that a leaked one would take. */
#define LEAK_KB		1

static long kernel_kb(void)
{
	return read_key("/proc/meminfo", "Slab:") +
	       read_key("/proc/meminfo", "Percpu:");
}

struct user {
	const char *container;
	char *shared;
};

static void use(struct child *self, void *arg)
{
	const struct user *user = arg;

	container_move(user->container, 0);
	mem_fill(mem_anon(N), N, 0);
	mem_read(user->shared, N);
	child_sync(self);
}

static void use_and_remove(const char *parent, int nr, char *shared)
{
	struct user user = { .shared = shared };
	struct child child;
	char name[32], *c;

	snprintf(name, sizeof(name), "used%d", nr);
	c = container_new(parent, name);
	user.container = c;
	child_fork(&child, use, &user);
	mem_read(shared, N);
	child_finish(&child);
	close(child.fd);
	require(container_usage(c) == N, "it owns %ld pages instead of %d",
		container_usage(c), N);
	container_remove(c);
	madvise(shared, N * page_size(), MADV_DONTNEED);
	free(c);
}

static void test_many(void)
{
	const char *text = getenv("RSS_REMOVE_COUNT");
	int count = text ? atoi(text) : COUNT;
	char *parent = container_new(NULL, "parent");
	char *shared = mem_shared(N);
	long before;
	int i;

	alarm(2 * WAIT_SECONDS + count);
	mem_fill(shared, N, 0);
	madvise(shared, N * page_size(), MADV_DONTNEED);
	for (i = 0; i < WARM_UP; i++)
		use_and_remove(i % 2 ? parent : NULL, i, shared);
	expect_none_dead();

	before = kernel_kb();
	for (i = 0; i < count; i++)
		use_and_remove(i % 2 ? parent : NULL, i, shared);
	expect_none_dead();
	require(wait_for(kernel_kb() - before <= count * LEAK_KB),
		"%ld KiB more of slab and per-CPU memory after %d containers",
		kernel_kb() - before, count);
	require(!container_usage(parent), "usage %ld of the parent",
		container_usage(parent));
}

/*
 * A process that owns memory of each kind in one container leaves it to a
 * child in another, which has mapped it, too.
 */
static const char * const figures[] = {
	"anon", "file", "shmem", "inactive_anon", "active_anon",
	"inactive_file", "active_file", "unevictable",
};

struct legacy {
	const char *to;
	int file;
	int shmem;
	int heir_fd;
	char *anon;
	char *maps[2];
};

static void inherit(struct child *unused, void *arg)
{
	struct legacy *legacy = arg;
	struct child self = { .fd = legacy->heir_fd };

	(void)unused;
	container_move(legacy->to, 0);
	mem_read(legacy->maps[0], N);
	mem_read(legacy->maps[1], N);
	require(!mlock(legacy->maps[0], N / 2 * page_size()), "mlock: %s",
		strerror(errno));
	child_sync(&self);
	mem_verify(legacy->anon, N, 7);
	child_sync(&self);
}

static void fill_and_leave(struct child *self, void *arg)
{
	struct legacy *legacy = arg;

	legacy->anon = mem_anon(N);
	mem_fill(legacy->anon, N, 7);
	legacy->maps[0] = mem_file(legacy->file, N, MAP_SHARED);
	mem_read(legacy->maps[0], N);
	legacy->maps[1] = mem_file(legacy->shmem, N, MAP_SHARED);
	mem_fill(legacy->maps[1], N, 0);
	/* The heir would be killed with this process. */
	if (!fork()) {
		inherit(self, legacy);
		_exit(0);
	}
	child_sync(self);
}

/* Returns when the heir is in legacy->to and the first process is gone. */
static void start_heir(struct child *heir, const char *from, child_fn fn,
		       struct legacy *legacy)
{
	struct child child;
	int fds[2];

	require(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds),
		"socketpair: %s", strerror(errno));
	legacy->heir_fd = fds[1];
	child_start(&child, from, fn, legacy);
	/* Only the runner waits for the heir itself. */
	*heir = (struct child){ .pid = getpid(), .fd = fds[0] };
	child_wait(heir);
	child_finish(&child);
}

static void read_figures(const char *c, long *values)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(figures); i++)
		values[i] = container_stat(c, figures[i]);
}

static void expect_figures(const char *c, const long *before)
{
	long now[ARRAY_SIZE(figures)];
	unsigned int i;

	read_figures(c, now);
	for (i = 0; i < ARRAY_SIZE(figures); i++)
		require(now[i] == before[i], "%s: %s went from %ld to %ld",
			container_path(c), figures[i], before[i], now[i]);
}

static void test_at_limit(void)
{
	char *parent = container_new(NULL, "parent");
	char *leaving = container_new(parent, "leaving");
	char *staying = container_new(parent, "staying");
	long before[ARRAY_SIZE(figures)], usage, left, own;
	struct legacy legacy = { .to = staying };
	struct child heir;

	fs_mount("ramfs", NULL);
	legacy.file = fs_file("file", N, 0);
	legacy.shmem = memfd_create("shmem", MFD_CLOEXEC);
	require(legacy.shmem >= 0 &&
		!ftruncate(legacy.shmem, N * page_size()), "no memfd");
	start_heir(&heir, leaving, fill_and_leave, &legacy);

	usage = container_usage(parent);
	left = container_usage(leaving);
	own = container_usage(staying);
	require(left >= 3 * N && usage == left + own,
		"usage %ld, of it %ld and %ld", usage, left, own);
	container_set_pages(parent, "rss_limit", usage);
	read_figures(parent, before);

	remove_and_wait(leaving);
	require(container_usage(parent) == usage &&
		container_usage(staying) == own,
		"usage %ld and %ld went to %ld and %ld", usage, own,
		container_usage(parent), container_usage(staying));
	expect_figures(parent, before);
	require(!container_get(parent, "rss_failcnt") &&
		!container_get(parent, "rss_reclaimed"),
		"the limit was met, failcnt %ld, reclaimed %ld",
		container_get(parent, "rss_failcnt"),
		container_get(parent, "rss_reclaimed"));

	container_set(parent, "rss_limit", "max");
	child_step(&heir);
	child_go(&heir);
	require(wait_for(!container_usage(parent)), "usage %ld stays",
		container_usage(parent));
}

struct shared {
	char *mem;
	size_t pages;
};

static void map_shared(struct child *self, void *arg)
{
	struct shared *shared = arg;

	mem_read(shared->mem, shared->pages);
	child_sync(self);
}

/* Makes a container without tasks own pages that the case has mapped. */
static char *leave_shared(const char *container, size_t pages)
{
	struct shared shared = { .mem = mem_shared(pages), .pages = pages };
	struct child child;

	mem_fill(shared.mem, pages, 0);
	madvise(shared.mem, pages * page_size(), MADV_DONTNEED);
	child_start(&child, container, map_shared, &shared);
	mem_read(shared.mem, pages);
	child_finish(&child);
	return shared.mem;
}

/*
 * Nested levels. The lowest one owns N pages that the case has mapped; returns
 * these.
 */
static char *make_levels(char *levels[DEPTH])
{
	int i;

	for (i = 0; i < DEPTH; i++)
		levels[i] = container_new(i ? levels[i - 1] : NULL, "level");
	return leave_shared(levels[DEPTH - 1], N);
}

/* Up the tree, level by level, and out of it. */
static void test_deep(void)
{
	char *levels[DEPTH], *shared = make_levels(levels);
	int i, top;

	for (i = DEPTH - 1; i >= 0; i--) {
		for (top = 0; top <= i; top++)
			require(container_usage(levels[top]) == N,
				"usage %ld of level %d, when %d are left",
				container_usage(levels[top]), top, i + 1);
		remove_and_wait(levels[i]);
	}
	mem_unmap(shared, N);
}

/* Each is removed before the pages of the one below have arrived. */
static void test_deep_at_once(void)
{
	char *levels[DEPTH], *shared = make_levels(levels);
	int i;

	for (i = DEPTH - 1; i > 0; i--)
		container_remove(levels[i]);
	expect_none_dead();
	require(container_usage(levels[0]) == N, "usage %ld of the top",
		container_usage(levels[0]));
	mem_unmap(shared, N);
	require(!container_usage(levels[0]), "usage %ld stays",
		container_usage(levels[0]));
}

/* Whether a removed container has passed on everything it had. */
static bool is_through(unsigned long long id)
{
	unsigned long long found;
	const char *numbers;
	size_t at = 0;

	while ((numbers = trace_next(&at, "rss_container_reparent")))
		if (sscanf(numbers, "container=%llu", &found) == 1 &&
		    found == id)
			return true;
	return false;
}

/*
 * A chain of removed containers, with many pages at its end, does not delay
 * another one. Those of the chain themselves disappear one after the other.
 */
#define CHAIN		200
#define LONG_LIST	20000
#define THROUGH_SECONDS	1

static void test_beside_others(void)
{
	char *levels[CHAIN], *innocent = container_new(NULL, "innocent");
	unsigned long long id = trace_id(innocent);
	long start, ms;
	char *shared;
	int i;

	for (i = 0; i < CHAIN; i++)
		levels[i] = container_new(i ? levels[i - 1] : NULL, "l");
	shared = leave_shared(levels[CHAIN - 1], LONG_LIST);
	trace_start();
	for (i = CHAIN - 1; i >= 0; i--)
		container_remove(levels[i]);
	start = clock_ms();
	container_remove(innocent);
	require(wait_for(is_through(id)), "it does not pass on what it has");
	ms = clock_ms() - start;
	ksft_print_msg("through after %ld ms\n", ms);
	require(ms <= clock_allowed_ms(THROUGH_SECONDS), "it waits for %ld ms",
		ms);
	trace_stop();
	expect_none_dead();
	mem_unmap(shared, LONG_LIST);
}

/*
 * Pages being passed up are always seen at one level or the other. A page that
 * moves between reading the two is seen at both.
 */
#define MANY		16384
#define READINGS	100

static void expect_no_less(const char *container, long usage)
{
	long now;
	int i;

	for (i = 0; i < READINGS; i++) {
		now = container_usage(container);
		require(now >= usage, "usage went from %ld to %ld", usage, now);
	}
}

static void test_no_dip(void)
{
	char *parent = container_new(NULL, "parent");
	char *leaving = container_new(parent, "leaving");
	char *shared = leave_shared(leaving, MANY);

	container_remove(leaving);
	do {
		expect_no_less(parent, MANY);
	} while (container_dead());
	require(container_usage(parent) == MANY, "usage went from %d to %ld",
		MANY, container_usage(parent));
	mem_unmap(shared, MANY);
}

static void read_past_limit(struct child *self, void *arg)
{
	char *mem = mem_file(*(int *)arg, MANY, MAP_SHARED);

	mem_read(mem, MANY);
	child_sync(self);
}

/* Reclaim statistics of a subtree include removed parts. */
static void test_scans(void)
{
	char *parent = container_new(NULL, "parent");
	char *leaving = container_new(parent, "leaving");
	struct child child;
	long scan, steal;
	int fd;

	fs_mount("ramfs", NULL);
	fd = fs_file("file", MANY, 0);
	container_set_pages(leaving, "rss_limit", MANY / 2);
	child_start(&child, leaving, read_past_limit, &fd);
	child_finish(&child);

	scan = container_stat(parent, "pgscan");
	steal = container_stat(parent, "pgsteal");
	require(steal >= MANY / 2 && scan >= steal,
		"pgscan %ld, pgsteal %ld", scan, steal);
	remove_and_wait(leaving);
	require(container_stat(parent, "pgscan") == scan &&
		container_stat(parent, "pgsteal") == steal,
		"pgscan %ld, pgsteal %ld went to %ld, %ld", scan, steal,
		container_stat(parent, "pgscan"),
		container_stat(parent, "pgsteal"));
}

/* On a stack of its own, in the same memory. */
static int inherit_mm(void *arg)
{
	struct legacy *legacy = arg;
	struct child self = { .fd = legacy->heir_fd };
	char *more = mem_anon(N);

	container_move(legacy->to, 0);
	child_sync(&self);
	mem_fill(more, N, 0);
	child_sync(&self);
	mem_verify(legacy->anon, N, 7);
	child_sync(&self);
	_exit(0);
}

static void leave_mm(struct child *self, void *arg)
{
	static max_align_t stack[4096];
	struct legacy *legacy = arg;

	legacy->anon = mem_anon(N);
	mem_fill(legacy->anon, N, 7);
	require(clone(inherit_mm, stack + ARRAY_SIZE(stack), CLONE_VM | SIGCHLD,
		      legacy) > 0, "clone: %s", strerror(errno));
	child_sync(self);
}

/* An mm whose last task left for another container does not pin it. */
static void test_clone_vm(void)
{
	struct legacy legacy = { .to = container_new(NULL, "staying") };
	char *leaving = container_new(NULL, "leaving");
	struct child heir;
	long own;

	start_heir(&heir, leaving, leave_mm, &legacy);
	own = container_usage(legacy.to);
	require(container_usage(leaving) >= N, "usage %ld",
		container_usage(leaving));
	remove_and_wait(leaving);
	child_step(&heir);
	require(container_usage(legacy.to) == own + N,
		"%d pages made %ld of usage %ld", N,
		container_usage(legacy.to), own);
	child_step(&heir);
	child_go(&heir);
	require(wait_for(!container_usage(legacy.to)), "usage %ld stays",
		container_usage(legacy.to));
}

/* Nor does an mm without tasks that is open through /proc. */
static void test_open_mem(void)
{
	struct filler filler = { .pages = N };
	char *c = container_new(NULL, "leaving");
	struct child child;
	char path[64];
	int fd;

	child_start(&child, c, child_filler, &filler);
	child_step(&child);
	snprintf(path, sizeof(path), "/proc/%d/mem", child.pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	require(fd >= 0, "%s: %s", path, strerror(errno));
	child_step(&child);
	child_finish(&child);
	remove_and_wait(c);
	close(fd);
}

/*
 * Under load, for RSS_STRESS_SECONDS (10 if not set):
 *
 *	root
 *	  parent		its limit changes all the time
 *	    keeper		maps a shared file, here and there
 *	    short0 ...		each comes, maps the file, and is removed
 *	outside			maps that file, too
 *
 * Meanwhile, others map, unmap, migrate and reclaim what a short one still
 * owns. In the end nothing is charged and none is left.
 */
#define FILE_PAGES	512
#define ANON_PAGES	64
#define SHORT		4	/* at the same time */
#define LOWEST_LIMIT	512

static unsigned int seed;

struct load {
	int fd;
	const char *parent;
	pid_t keeper;
};

static unsigned int below(unsigned int bound)
{
	return rand_r(&seed) % bound;
}

/* A random part of the file: read, written, unmapped or paged out. */
static void touch(char *mem)
{
	size_t at = below(FILE_PAGES), pages = 1 + below(FILE_PAGES - at);
	char *part = mem + at * page_size();

	switch (below(4)) {
	case 0:
		mem_fill(part, pages, seed);
		break;
	case 1:
		madvise(part, pages * page_size(), MADV_DONTNEED);
		break;
	case 2:
		madvise(part, pages * page_size(), MADV_PAGEOUT);
		break;
	default:
		mem_read(part, pages);
	}
}

static void keep_touching(struct child *self, void *arg)
{
	const struct load *load = arg;
	char *mem = mem_file(load->fd, FILE_PAGES, MAP_SHARED);

	seed += self->pid;
	child_oom_adj(OOM_SPARED);
	child_sync(self);
	for (;;)
		touch(mem);
}

/* From one node to the other and back, if there are two. */
static void keep_migrating(struct child *self, void *arg)
{
	const struct load *load = arg;
	unsigned long nodes[2] = { 1, 2 };
	int from;

	child_sync(self);
	for (from = 0;; from ^= 1) {
		syscall(SYS_migrate_pages, load->keeper, 8 * sizeof(long),
			&nodes[from], &nodes[!from]);
		usleep(1000);
	}
}

static void keep_limiting(struct child *self, void *arg)
{
	const struct load *load = arg;
	char text[32];
	int err;

	seed += self->pid;
	child_sync(self);
	for (;;) {
		snprintf(text, sizeof(text), "%u",
			 LOWEST_LIMIT + below(2 * LOWEST_LIMIT));
		err = control_write(load->parent, "rss_limit", text);
		require(!err || err == -EBUSY || err == -EINTR, "limit %s: %s",
			text, strerror(-err));
		usleep(500);
	}
}

struct brief {
	char *container;
	pid_t pid;
};

static void start_brief(struct brief *brief, const struct load *load, int nr)
{
	char name[32], *mem;
	int turn;

	snprintf(name, sizeof(name), "short%d", nr);
	brief->container = container_new(load->parent, name);
	fflush(stdout);
	brief->pid = fork();
	require(brief->pid >= 0, "fork: %s", strerror(errno));
	if (brief->pid)
		return;
	seed += getpid();
	container_move(brief->container, 0);
	mem_fill(mem_anon(ANON_PAGES), ANON_PAGES, 0);
	mem = mem_file(load->fd, FILE_PAGES, MAP_SHARED);
	for (turn = 0; turn < 4; turn++)
		touch(mem);
	_exit(0);
}

static void end_brief(struct brief *brief)
{
	int status;

	require(waitpid(brief->pid, &status, 0) == brief->pid &&
		(!status || (WIFSIGNALED(status) &&
			     WTERMSIG(status) == SIGKILL)),
		"a short one ended with status %#x", status);
	container_remove(brief->container);
	free(brief->container);
}

static void test_load(void)
{
	static const child_fn fns[] = {
		keep_touching, keep_touching, keep_migrating, keep_limiting,
	};
	const char *text = getenv("RSS_STRESS_SECONDS");
	int seconds = text ? atoi(text) : 10;
	struct child children[ARRAY_SIZE(fns)];
	struct brief briefs[SHORT];
	char *parent, *keeper;
	struct load load;
	time_t end;
	int nr, i;

	seed = time(NULL);
	ksft_print_msg("seed %u\n", seed);
	alarm(seconds + 2 * WAIT_SECONDS);
	swap_on(8 * FILE_PAGES);
	fs_mount("tmpfs", NULL);
	parent = container_new(NULL, "parent");
	keeper = container_new(parent, "keeper");
	load = (struct load){ fs_file("file", FILE_PAGES, 0), parent };
	for (i = 0; i < (int)ARRAY_SIZE(fns); i++) {
		child_start(&children[i], i ? NULL : keeper, fns[i], &load);
		load.keeper = children[0].pid;
		child_go(&children[i]);
	}

	for (nr = 0; nr < SHORT; nr++)
		start_brief(&briefs[nr], &load, nr);
	for (end = time(NULL) + seconds; time(NULL) < end; nr++) {
		end_brief(&briefs[nr % SHORT]);
		start_brief(&briefs[nr % SHORT], &load, nr);
		for (i = 0; i < (int)ARRAY_SIZE(fns); i++)
			require(child_poll(&children[i], 0) == CHILD_RUNS,
				"child %d of the load ended", i);
	}
	for (i = 0; i < SHORT; i++)
		end_brief(&briefs[i]);
	ksft_print_msg("%d containers came and went\n", nr);

	for (i = 0; i < (int)ARRAY_SIZE(fns); i++) {
		kill(children[i].pid, SIGKILL);
		child_expect_killed(&children[i]);
	}
	require(wait_for(!container_usage(parent)), "usage %ld stays",
		container_usage(parent));
	expect_none_dead();
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_many),
		T(test_at_limit),
		T(test_deep),
		T(test_deep_at_once),
		T(test_beside_others),
		T(test_no_dip),
		T(test_scans),
		T(test_clone_vm),
		T(test_open_mem),
		T(test_load),
	};

	trace_init();
	return run_cases(cases, ARRAY_SIZE(cases));
}
