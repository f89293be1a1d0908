// SPDX-License-Identifier: GPL-2.0
/*
 * Containers are removed under load, for RSS_STRESS_SECONDS (10 if not set):
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
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "child.h"
#include "container.h"
#include "fs.h"
#include "mem.h"
#include "runner.h"
#include "swap.h"

#define FILE_PAGES	512
#define ANON_PAGES	64
#define SHORT		4	/* at the same time */
#define LOWEST_LIMIT	512

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT	21
#endif

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
	require(wait_for(!container_dead()), "%ld dead containers stay behind",
		container_dead());
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_load),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
