// SPDX-License-Identifier: GPL-2.0
/*
 * The victim of a container's OOM killer: the task that holds most of the
 * container's own pages, whatever else it has mapped, and never one outside.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "clock.h"
#include "container.h"
#include "events.h"
#include "fs.h"
#include "limit.h"
#include "mem.h"
#include "runner.h"
#include "swap.h"

#define LIMIT		2048
#define LARGE		(3 * LIMIT)
#define TOO_MUCH	(4 * LIMIT)

static char *full_container(void)
{
	swap_none();
	return limited_container("full", LIMIT);
}

static void start_hog(struct child *hog, const char *c)
{
	static struct filler filler = { .pages = TOO_MUCH };

	child_start(hog, c, child_filler, &filler);
	child_go(hog);
}

static void end_filler(struct child *child)
{
	child_step(child);
	child_finish(child);
}

/* It brings pages of three times the limit along, all owned by others. */
static void test_moved_in(void)
{
	struct filler filler = { .pages = LARGE };
	struct child guest, hog;
	char *c = full_container();

	child_start(&guest, NULL, child_filler, &filler);
	child_step(&guest);
	container_move(c, guest.pid);
	start_hog(&hog, c);
	child_expect_killed(&hog);
	require(child_poll(&guest, 0) == CHILD_SYNCED,
		"one was killed that held nothing of the container");
	end_filler(&guest);
}

/* Maps many pages owned by the container of another task. */
struct shared_part {
	int fd;
	size_t pages;
};

static void read_part(struct child *self, void *arg)
{
	const struct shared_part *part = arg;
	char *mem = mem_file(part->fd, part->pages, MAP_SHARED);

	child_sync(self);
	mem_read(mem, part->pages);
	child_sync(self);
}

static void test_maps_of_others(void)
{
	struct shared_part part = { .pages = LARGE };
	struct child owner, reader, hog;
	char *c = full_container();

	fs_mount("tmpfs", NULL);
	part.fd = fs_file("file", part.pages, 0);
	child_start(&owner, container_new(NULL, "owner"), read_part, &part);
	child_step(&owner);
	child_start(&reader, c, read_part, &part);
	child_step(&reader);
	start_hog(&hog, c);
	child_expect_killed(&hog);
	require(child_poll(&reader, 0) == CHILD_SYNCED,
		"one was killed that held nothing of the container");
	child_finish(&reader);
	child_finish(&owner);
}

static int wait_for_signal(void *arg)
{
	(void)arg;
	return pause();
}

/* Has most of the container's pages, and shares them with a process outside. */
static void fill_and_share(struct child *self, void *arg)
{
	static max_align_t stack[4096];
	const char *outside = arg;
	char *mem = mem_anon(LIMIT * 3 / 4);
	pid_t pid;

	child_sync(self);
	mem_fill(mem, LIMIT * 3 / 4, 0);
	pid = clone(wait_for_signal, stack + ARRAY_SIZE(stack),
		    CLONE_VM | SIGCHLD, NULL);
	require(pid > 0, "clone: %s", strerror(errno));
	container_move(outside, pid);
	child_sync(self);
	require(!kill(pid, 0) && waitpid(pid, NULL, WNOHANG) == 0,
		"the one outside was killed");
	mem_verify(mem, LIMIT * 3 / 4, 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	child_sync(self);
}

static void test_shared_with_outside(void)
{
	struct filler filler = { .pages = LIMIT / 2 };
	struct child sharer, little;
	char *c = full_container();

	child_start(&sharer, c, fill_and_share, container_new(NULL, "outside"));
	child_step(&sharer);
	child_start(&little, c, child_filler, &filler);
	child_go(&little);
	child_expect_killed(&little);
	child_step(&sharer);
	child_finish(&sharer);
}

/*
 * A victim has its pages until the end of its exit(), when nothing much is left of
 * it to be found.  Who needs room at that moment waits for them.  The moment is
 * short, so there are many rounds, and several who need room all the time.
 */
#define EXIT_ROUNDS	200
#define SMALL_TASKS	6
#define SMALL_PAGES	64

static void need_room(struct child *self, void *arg)
{
	char *mem = mem_anon(SMALL_PAGES);

	(void)arg;
	child_sync(self);
	for (;;) {
		mem_fill(mem, SMALL_PAGES, 0);
		mem_advise(mem, SMALL_PAGES, MADV_DONTNEED);
	}
}

static void test_in_exit(void)
{
	long round, rounds = clock_affordable(EXIT_ROUNDS);
	struct child small[SMALL_TASKS], hog;
	char *c = full_container();
	int i;

	container_set_pages(c, "rss_limit", 2 * LIMIT);
	for (i = 0; i < SMALL_TASKS; i++) {
		child_start(&small[i], c, need_room, NULL);
		child_go(&small[i]);
	}
	for (round = 1; round <= rounds; round++) {
		start_hog(&hog, c);
		child_expect_killed(&hog);
		for (i = 0; i < SMALL_TASKS; i++)
			require(child_poll(&small[i], 0) == CHILD_RUNS,
				"round %ld: one was killed beside the victim",
				round);
	}
	require(events_get(c, EVENT_OOM_KILL) == rounds, "%ld kills for %ld hogs",
		events_get(c, EVENT_OOM_KILL), rounds);
	for (i = 0; i < SMALL_TASKS; i++) {
		kill(small[i].pid, SIGKILL);
		child_expect_killed(&small[i]);
	}
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_moved_in),
		T(test_maps_of_others),
		T(test_shared_with_outside),
		T(test_in_exit),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
