// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "child.h"
#include "container.h"
#include "keys.h"
#include "mem.h"
#include "runner.h"

void child_fork(struct child *child, child_fn fn, void *arg)
{
	int fds[2];

	require(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds),
		"socketpair: %s", strerror(errno));
	child->state = CHILD_RUNS;
	fflush(stdout);
	child->pid = fork();
	require(child->pid >= 0, "fork: %s", strerror(errno));
	if (!child->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		child->pid = getpid();
		child->fd = fds[1];
		fn(child, arg);
		fflush(stdout);
		_exit(0);
	}
	close(fds[1]);
	child->fd = fds[0];
	child_wait(child);
}

struct start {
	const char *container;
	child_fn fn;
	void *arg;
};

static void enter_and_run(struct child *self, void *arg)
{
	const struct start *start = arg;

	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	if (start->container)
		container_move(start->container, 0);
	mem_settle();
	start->fn(self, start->arg);
}

void child_start(struct child *child, const char *container, child_fn fn,
		 void *arg)
{
	struct start start = { container, fn, arg };

	child_fork(child, enter_and_run, &start);
}

void child_sync(struct child *self)
{
	char byte = 0;

	require(write(self->fd, &byte, 1) == 1 &&
		read(self->fd, &byte, 1) == 1, "lost the case");
}

void child_exit_leader(void *(*fn)(void *arg), void *arg)
{
	pthread_t thread;

	require(!pthread_create(&thread, NULL, fn, arg), "no thread");
	pthread_exit(NULL);
}

void child_go(struct child *child)
{
	char byte = 0;

	require(child->state == CHILD_SYNCED, "child %d does not wait",
		child->pid);
	child->state = CHILD_RUNS;
	require(send(child->fd, &byte, 1, MSG_NOSIGNAL) == 1,
		"child %d is gone", child->pid);
}

static enum child_state end_state(int status)
{
	if (WIFSIGNALED(status)) {
		require(WTERMSIG(status) == SIGKILL, "child died by signal %d",
			WTERMSIG(status));
		return CHILD_KILLED;
	}
	if (WEXITSTATUS(status))
		end_case(WEXITSTATUS(status), "a child ended the case");
	return CHILD_EXITED;
}

enum child_state child_poll(struct child *child, int ms)
{
	struct pollfd poller = { .fd = child->fd, .events = POLLIN };
	int status;
	char byte;

	if (child->state == CHILD_EXITED || child->state == CHILD_KILLED)
		return child->state;
	/* The socket does not tell: the child's own children may hold it. */
	if (waitpid(child->pid, &status, WNOHANG) == child->pid)
		child->state = end_state(status);
	else if (child->state == CHILD_RUNS && poll(&poller, 1, ms) == 1 &&
		 read(child->fd, &byte, 1) == 1)
		child->state = CHILD_SYNCED;
	return child->state;
}

enum child_state child_wait(struct child *child)
{
	require(wait_for(child_poll(child, 1) != CHILD_RUNS),
		"child %d does not come back", child->pid);
	return child->state;
}

void child_step(struct child *child)
{
	child_go(child);
	require(child_wait(child) == CHILD_SYNCED, "child %d ended",
		child->pid);
}

void child_finish(struct child *child)
{
	child_go(child);
	require(child_wait(child) == CHILD_EXITED, "child %d did not exit",
		child->pid);
}

static bool all_stopped(struct child *children, int nr)
{
	int running = 0;
	int i;

	for (i = 0; i < nr; i++)
		running += child_poll(&children[i], 0) == CHILD_RUNS;
	return !running;
}

long child_watch(struct child *children, int nr, const char *container)
{
	time_t end = time(NULL) + WAIT_SECONDS;
	long usage, highest = 0;
	int i;

	for (i = 0; i < nr; i++)
		child_go(&children[i]);
	/* No pause between two readings: usage may peak briefly. */
	do {
		usage = container_usage(container);
		if (usage > highest)
			highest = usage;
		require(time(NULL) < end, "children do not come back");
	} while (!all_stopped(children, nr));
	return highest;
}

void child_expect_killed(struct child *child)
{
	require(wait_for(child_poll(child, 0) == CHILD_KILLED),
		"child %d was not killed", child->pid);
}

bool child_is_asleep(const struct child *child)
{
	char state = proc_state(child->pid);

	return state == 'S' || state == 'D';
}

void child_oom_adj(int adj)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", adj);
	ssize_t ret = write_text("/proc/self/oom_score_adj", text, len);

	require(ret == len, "oom_score_adj: %s", strerror(-ret));
}

void child_filler(struct child *self, void *arg)
{
	const struct filler *filler = arg;
	char *mem = mem_anon(filler->pages);

	if (filler->spared)
		child_oom_adj(OOM_SPARED);
	child_sync(self);
	mem_fill(mem, filler->pages, self->pid);
	require(!filler->locked || !mlock(mem, filler->pages * page_size()),
		"mlock: %s", strerror(errno));
	child_sync(self);
	mem_verify(mem, filler->pages, self->pid);
	child_sync(self);
}

void child_refiller(struct child *self, void *arg)
{
	size_t pages = *(size_t *)arg;
	char *mem = mem_anon(pages);

	for (;;) {
		mem_fill(mem, pages, 0);
		child_sync(self);
	}
}
