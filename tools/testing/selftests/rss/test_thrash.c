// SPDX-License-Identifier: GPL-2.0
/*
 * Containers full of unreclaimable pages. File pages can always be unmapped,
 * so there is always something to reclaim, but the next instruction needs it
 * again. Such a container can't make progress: a task is killed within
 * KILL_SECONDS, never one outside, and usage returns to 0.
 *
 * The programs are ordinary ones that need more and more memory; those not
 * installed are skipped. RSS_THRASH_REPEAT in the environment sets how often
 * each must be killed in a row (3 if not set). RSS_SLOWNESS allows more time,
 * see clock.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "clock.h"
#include "container.h"
#include "events.h"
#include "fs.h"
#include "job.h"
#include "keys.h"
#include "limit.h"
#include "mem.h"
#include "runner.h"
#include "swap.h"

#define KILL_SECONDS	3
#define START_SECONDS	10
#define COMPILE_SECONDS	10

#define REPEAT		3
#define BYSTANDER_PAGES	500
#define SWAP_PAGES	1024

/* CPUs keep some slots in reserve: with so few left, swap is full. */
#define SWAP_RESERVED	256

/* More than any limit here. */
#define NO_END		"1000000"

static const char * const python[] = {
	"python3", "-c", "x = []\nwhile True: x.append(bytearray(4000))", NULL
};

/* The same, if several of them start at the same time. */
static const char * const python_tells[] = {
	"python3", "-c",
	"import os\nprint(os.getpid(), flush = True)\nx = []\nwhile True: x.append(bytearray(4000))",
	NULL
};

static const char * const awk[] = {
	"mawk", "BEGIN { for (i = 0; i < 1e9; i++) a[i] = \"some text of this line \" i }",
	NULL
};

static const char * const perl[] = {
	"perl", "-e", "$h{$_} = \"some text of this line $_\" for 1 .. 1e9", NULL
};

/* An endless line */
static const char * const tail[] = { "tail", "/dev/zero", NULL };

/* From a new file: no other process has mapped its pages. */
static const char * const *table(const char *pages, const char *hold)
{
	static const char *argv[4];

	fs_mount("tmpfs", NULL);
	argv[0] = fs_copy_program("rss_table");
	argv[1] = pages;
	argv[2] = hold;
	return argv;
}

static int repeat(void)
{
	const char *text = getenv("RSS_THRASH_REPEAT");
	int times = text ? atoi(text) : REPEAT;

	require(times > 0, "RSS_THRASH_REPEAT is %s", text);
	return times;
}

/* Tasks that must survive: one in no container, one in a sibling container. */
struct bystanders {
	struct child children[2];
};

static struct filler bystander = { .pages = BYSTANDER_PAGES };

static void bystanders_start(struct bystanders *by)
{
	int i;

	for (i = 0; i < 2; i++) {
		child_start(&by->children[i],
			    i ? container_new(NULL, "beside") : NULL,
			    child_filler, &bystander);
		child_step(&by->children[i]);
	}
}

static void bystanders_end(struct bystanders *by)
{
	int i;

	for (i = 0; i < 2; i++) {
		child_step(&by->children[i]);
		child_finish(&by->children[i]);
	}
}

static bool swap_is_full(void)
{
	return read_key("/proc/meminfo", "SwapFree:") * 1024 <
	       (long)(SWAP_RESERVED * page_size());
}

/*
 * The time since when the container has had nothing to give, or -1. What
 * several programs need to start, one after the other on a CPU, is not what
 * they have once all of them have started; and starting is work, limited to
 * START_SECONDS.
 */
struct stall {
	const struct job *job;
	long failcnt;		/* when it last did */
	long restarted;
	long since;
};

static void stall_restart(struct stall *stall, const struct job *job)
{
	stall->job = job;
	stall->failcnt = container_get(job->container, "rss_failcnt");
	stall->restarted = clock_ms();
	stall->since = -1;
}

static long stall_ms(const struct stall *stall)
{
	return stall->since < 0 ? 0 : clock_ms() - stall->since;
}

static void stall_look(struct stall *stall)
{
	const char *c = stall->job->container;

	if (stall->since >= 0)
		return;
	if (!job_has_begun(stall->job)) {
		require(clock_ms() - stall->restarted <=
			clock_allowed_ms(START_SECONDS),
			"%s, %d tasks: not all of them start",
			stall->job->argv[0], stall->job->tasks);
		return;
	}
	if (swap_is_full() &&
	    (container_get(c, "rss_failcnt") > stall->failcnt ||
	     container_usage(c) >= container_get(c, "rss_limit") - 1))
		stall->since = clock_ms();
}

static void stall_check(const struct stall *stall, int seconds)
{
	const struct job *job = stall->job;
	long ms = stall_ms(stall);

	require(ms <= clock_allowed_ms(seconds),
		"%s, %d tasks, %s, limit %ld, usage %ld, anon %ld, %ld reclaimed: neither ends nor is killed in %ld ms",
		job->argv[0], job->tasks, job->one_cpu ? "1 CPU" : "all CPUs",
		container_get(job->container, "rss_limit"),
		container_usage(job->container),
		container_stat(job->container, "anon"),
		container_get(job->container, "rss_reclaimed"), ms);
}

/*
 * Runs a job to its end: each time that the container stalls, one of its tasks
 * must end within @seconds. Returns the longest stall in ms.
 */
static long job_watch(struct job *job, int seconds)
{
	int running = job->tasks, left;
	long longest = 0, ms;
	struct stall stall;

	/* It must not hang for another reason */
	alarm(2 * WAIT_SECONDS);
	stall_restart(&stall, job);
	job_start(job);
	while ((left = job_poll(job))) {
		if (left < running) {
			ms = stall_ms(&stall);
			longest = ms > longest ? ms : longest;
			stall_restart(&stall, job);
			running = left;
		}
		stall_look(&stall);
		stall_check(&stall, seconds);
		usleep(WAIT_POLL_US);
	}
	ms = stall_ms(&stall);
	require(wait_for(!container_usage(job->container)), "usage %ld stays",
		container_usage(job->container));
	return ms > longest ? ms : longest;
}

/* Each task is killed, by the container's limit, and no other task. */
static void expect_killed(struct job *job)
{
	long before = events_get(job->container, EVENT_OOM_KILL), kills;
	long ms = job_watch(job, KILL_SECONDS);

	ksft_print_msg("%s, limit %ld, %d tasks%s: %ld ms\n", job->argv[0],
		       container_get(job->container, "rss_limit"), job->tasks,
		       job->one_cpu ? " on a CPU" : "", ms);
	kills = events_get(job->container, EVENT_OOM_KILL) - before;
	require(job->killed == job->tasks, "%d tasks of %d were killed",
		job->killed, job->tasks);
	require(kills == job->tasks, "oom_kill %ld for %d tasks", kills,
		job->tasks);
}

/* The same program repeatedly, alone, without swap. */
static void kill_again_and_again(const char * const *argv, long limit)
{
	struct job job = { .argv = argv, .tasks = 1 };
	struct bystanders by;
	int i;

	swap_none();
	job.container = limited_container("full", limit);
	bystanders_start(&by);
	for (i = 0; i < repeat(); i++)
		expect_killed(&job);
	bystanders_end(&by);
}

static void test_python(void)
{
	kill_again_and_again(python, 4000);
}

static void test_awk(void)
{
	kill_again_and_again(awk, 2000);
}

static void test_perl(void)
{
	kill_again_and_again(perl, 2000);
}

static void test_tail(void)
{
	kill_again_and_again(tail, 2000);
}

static void test_table(void)
{
	kill_again_and_again(table(NO_END, NULL), 2000);
}

/* How much of its 30 MB of text the compiler uses is up to it. */
#define COMPILER_BYTES	(24 << 20)
#define FUNCTIONS	3000

static char *large_source(void)
{
	char *path;
	FILE *file;
	int i;

	require(asprintf(&path, "%s/large.c", fs_scratch()) > 0, "no memory");
	file = fopen(path, "w");
	require(file, "%s: %s", path, strerror(errno));
	for (i = 0; i < FUNCTIONS; i++)
		fprintf(file,
			"int f%d(int a, int b) { int i, s = %d; for (i = 0; i < a; i++) s += i * b ^ %d; return s; }\n",
			i, i, 7 * i);
	require(!fclose(file), "%s: %s", path, strerror(errno));
	return path;
}

/* It must be killed, or finish. */
static void test_compiler(void)
{
	const char * const argv[] = {
		"cc1", "-quiet", "-fpreprocessed", "-O2", large_source(),
		"-o", "/dev/null", NULL
	};
	struct job job = { .argv = argv, .tasks = 1 };
	struct bystanders by;
	long ms;
	int i;

	swap_none();
	job.container = limited_container("full",
					  COMPILER_BYTES / page_size());
	bystanders_start(&by);
	for (i = 0; i < repeat(); i++) {
		ms = job_watch(&job, COMPILE_SECONDS);
		ksft_print_msg("%s in %ld ms\n",
			       job.killed ? "killed" : "done", ms);
	}
	bystanders_end(&by);
}

/* From a few pages, fewer than the program's own, to 64 MiB */
static void test_limits(void)
{
	static const long limits[] = { 30, 100, 600, 4096, 16384 };
	const char * const *programs[] = { table(NO_END, NULL), awk, python };
	struct bystanders by;
	struct job job = { .tasks = 1 };
	unsigned int i, j;

	swap_none();
	job.container = container_new(NULL, "full");
	bystanders_start(&by);
	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		container_set_pages(job.container, "rss_limit", limits[i]);
		for (j = 0; j < ARRAY_SIZE(programs); j++) {
			job.argv = programs[j];
			expect_killed(&job);
		}
	}
	bystanders_end(&by);
}

/* Several at once, on one CPU and on all, with what swap there is */
static void kill_several(const char * const *programs[], int nr)
{
	int begun = memfd_create("begun", MFD_CLOEXEC), i;
	struct bystanders by;
	struct job job = { 0 };

	require(begun > 0, "memfd: %s", strerror(errno));
	job.container = limited_container("full", 4000);
	bystanders_start(&by);
	for (i = 0; i < nr; i++) {
		job.argv = programs[i];
		job.out_fd = job.argv == python_tells ? begun : 0;
		for (job.tasks = 1; job.tasks <= JOB_TASKS; job.tasks *= 2) {
			job.one_cpu = false;
			expect_killed(&job);
			job.one_cpu = true;
			expect_killed(&job);
		}
	}
	bystanders_end(&by);
}

static void test_several(void)
{
	const char * const *programs[] = { table(NO_END, NULL), python_tells };

	swap_none();
	kill_several(programs, ARRAY_SIZE(programs));
}

/* Swapped-out pages return only if touched, so they are not. */
static void fill_swap(struct child *self, void *arg)
{
	size_t pages = 4 * SWAP_PAGES;
	char *mem = mem_anon(pages);

	(void)arg;
	mem_fill(mem, pages, 0);
	require(wait_for((mem_advise(mem, pages, MADV_PAGEOUT),
			  swap_is_full())), "the swap does not fill up");
	child_sync(self);
}

static void test_several_swap_full(void)
{
	const char * const *program = table(NO_END, NULL);
	struct child child;

	swap_on(SWAP_PAGES);
	child_start(&child, NULL, fill_swap, NULL);
	kill_several(&program, 1);
	child_finish(&child);
}

static void test_several_zram(void)
{
	const char * const *program = table(NO_END, NULL);

	swap_on(SWAP_PAGES);
	kill_several(&program, 1);
}

/* Room for one page less than an instruction needs, or just enough */
#define COPY_ANON	512

struct copy {
	int fd;
	unsigned long *rounds;
};

static void copy_page(struct child *self, void *arg)
{
#ifdef __x86_64__
	const struct copy *copy = arg;
	char *mem = mem_anon(COPY_ANON);
	char *from = mem_file(copy->fd, 2, MAP_SHARED), *src, *dst;
	size_t bytes;

	mem_fill(mem, COPY_ANON, 0);
	child_sync(self);
	for (;; __atomic_add_fetch(copy->rounds, 1, __ATOMIC_RELAXED)) {
		src = from;
		dst = from + page_size();
		bytes = page_size();
		asm volatile("rep movsb" : "+S" (src), "+D" (dst), "+c" (bytes)
			     : : "memory");
	}
#else
	(void)self;
	(void)arg;
	skip_case("no such instruction");
#endif
}

static char *copy_setup(struct copy *copy)
{
	swap_none();
	fs_mount("tmpfs", NULL);
	copy->fd = fs_file("file", 2, 0);
	copy->rounds = (unsigned long *)mem_shared(1);
	return container_new(NULL, "copy");
}

static void copy_with_room(const char *c, struct child *child,
			   struct copy *copy, long room)
{
	*copy->rounds = 0;
	container_set(c, "rss_limit", "max");
	child_start(child, c, copy_page, copy);
	container_set_pages(c, "rss_limit", container_usage(c) + room);
	child_go(child);
}

static unsigned long copies(const struct copy *copy)
{
	return __atomic_load_n(copy->rounds, __ATOMIC_RELAXED);
}

static void expect_no_copy(const char *c, struct copy *copy)
{
	long start = clock_ms();
	struct child child;

	copy_with_room(c, &child, copy, 1);
	while (child_poll(&child, 1) != CHILD_KILLED)
		require(clock_ms() - start <= clock_allowed_ms(KILL_SECONDS),
			"%lu copies, and no kill in %ld ms",
			copies(copy), clock_ms() - start);
	require(wait_for(!container_usage(c)), "usage %ld stays",
		container_usage(c));
}

static void test_instruction(void)
{
	struct copy copy;
	char *c = copy_setup(&copy);
	int i;

	for (i = 0; i < repeat(); i++)
		expect_no_copy(c, &copy);
}

static void test_instruction_fits(void)
{
	struct copy copy;
	char *c = copy_setup(&copy);
	struct child child;

	copy_with_room(c, &child, &copy, 2);
	require(wait_for(copies(&copy) > 1000), "%lu copies",
		copies(&copy));
	require(holds_for(child_poll(&child, 0) == CHILD_RUNS,
			  KILL_SECONDS * 1000), "it was killed");
}

/* It may not even start, so the time counts from the beginning. */
static long job_watch_start(struct job *job)
{
	long start = clock_ms();

	job_start(job);
	while (job_poll(job)) {
		require(clock_ms() - start <= clock_allowed_ms(START_SECONDS),
			"%s, limit %ld: neither runs nor is killed in %ld ms",
			job->argv[0], container_get(job->container, "rss_limit"),
			clock_ms() - start);
		usleep(WAIT_POLL_US);
	}
	return clock_ms() - start;
}

/* Any program under any limit soon runs or is killed. */
static void start_all(struct job *job)
{
	static const long limits[] = { 1, 2, 4, 8, 12, 20, 40 };
	static const char * const one_line[] = {
		"mawk", "BEGIN { print 1 }", NULL
	};
	static const char * const one_print[] = {
		"perl", "-e", "print 1", NULL
	};
	static const char * const one_pass[] = {
		"python3", "-c", "pass", NULL
	};
	const char * const *programs[] = { table("1", NULL), one_line, one_print, one_pass };
	unsigned int i, j;
	long ms;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		container_set_pages(job->container, "rss_limit", limits[i]);
		for (j = 0; j < ARRAY_SIZE(programs); j++) {
			job->argv = programs[j];
			ms = job_watch_start(job);
			ksft_print_msg("%s, limit %ld: %s in %ld ms\n",
				       job->argv[0], limits[i],
				       job->killed ? "killed" : "done", ms);
		}
	}
}

static void start_repeatedly(void)
{
	struct job job = { .tasks = 1 };
	struct bystanders by;
	int i;

	job.container = container_new(NULL, "full");
	bystanders_start(&by);
	for (i = 0; i < repeat(); i++)
		start_all(&job);
	bystanders_end(&by);
}

static void test_start(void)
{
	swap_none();
	start_repeatedly();
}

static void test_start_zram(void)
{
	swap_on(SWAP_PAGES);
	start_repeatedly();
}

/* The limit is lowered to little more than what is unreclaimable; all in use */
#define HELD_PAGES	1000
#define HELD_TEXT	"1000"

static unsigned long rounds_of(const struct job *job)
{
	unsigned long rounds = 0;

	require(pread(job->out_fd, &rounds, sizeof(rounds), 0) >= 0,
		"pread: %s", strerror(errno));
	return rounds;
}

static void expect_progress_or_kill(struct job *job)
{
	unsigned long before = rounds_of(job);
	long start = clock_ms();

	while (job_poll(job) && rounds_of(job) < before + 3) {
		require(clock_ms() - start <= clock_allowed_ms(KILL_SECONDS),
			"neither a round nor a kill in %ld ms, usage %ld, limit %ld",
			clock_ms() - start, container_usage(job->container),
			container_get(job->container, "rss_limit"));
		usleep(WAIT_POLL_US);
	}
}

static void lower_to_anon(struct job *job)
{
	char text[32];
	int room, err;

	for (room = 0; room <= 4; room++) {
		container_set(job->container, "rss_limit", "max");
		job_start(job);
		require(wait_for(rounds_of(job) > 3), "it does not begin");
		snprintf(text, sizeof(text), "%ld",
			 container_stat(job->container, "anon") + room);
		err = control_write(job->container, "rss_limit", text);
		require(!err || err == -EBUSY, "limit %s: %s", text,
			strerror(-err));
		expect_progress_or_kill(job);
		ksft_print_msg("anon + %d: %s, then %s\n", room,
			       strerror(-err),
			       job->killed ? "a kill" : "progress");
		job_stop(job);
	}
}

static void test_lower_to_anon(void)
{
	struct job job = { .argv = table(HELD_TEXT, "hold"), .tasks = 1 };
	int i;

	swap_none();
	job.out_fd = memfd_create("rounds", MFD_CLOEXEC);
	require(job.out_fd > 0, "memfd: %s", strerror(errno));
	job.container = container_new(NULL, "full");
	for (i = 0; i < repeat(); i++)
		lower_to_anon(&job);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_python),
		T(test_awk),
		T(test_perl),
		T(test_tail),
		T(test_table),
		T(test_compiler),
		T(test_limits),
		T(test_several),
		T(test_several_swap_full),
		T(test_several_zram),
		T(test_instruction),
		T(test_instruction_fits),
		T(test_start),
		T(test_start_zram),
		T(test_lower_to_anon),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
