/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Processes in containers that proceed step by step, controlled by the case.
 *
 * A child enters its container and settles there (see mem_settle()) before its
 * function runs. Huge pages are off in it: each page faults by itself.
 */
#ifndef RSS_CHILD_H
#define RSS_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

enum child_state {
	CHILD_RUNS,
	CHILD_SYNCED,		/* waits in child_sync() */
	CHILD_EXITED,		/* with status 0 */
	CHILD_KILLED,		/* by SIGKILL */
};

struct child {
	pid_t pid;
	int fd;
	enum child_state state;
};

typedef void (*child_fn)(struct child *self, void *arg);

/*
 * Starts a child in @container, or outside any if that is NULL, and waits
 * until it first calls child_sync(), or exits.
 */
void child_start(struct child *child, const char *container, child_fn fn,
		 void *arg);

/* The same for a plain fork(): nothing is touched or moved before @fn runs. */
void child_fork(struct child *child, child_fn fn, void *arg);

/* For the child: waits until the case resumes it. */
void child_sync(struct child *self);

/* For the child: continues in a thread that calls @fn; the leader exits. */
void child_exit_leader(void *(*fn)(void *arg), void *arg);

/* Resumes a child that is in child_sync(). */
void child_go(struct child *child);

/*
 * The state of a child, after at most @ms milliseconds. If the child failed or
 * ended in any other way, the case fails.
 */
enum child_state child_poll(struct child *child, int ms);

/* Waits until the child no longer runs. */
enum child_state child_wait(struct child *child);

/* Resumes a child and waits for its next child_sync(). */
void child_step(struct child *child);

/* Resumes a child and waits for its exit. */
void child_finish(struct child *child);

/*
 * Resumes several children and waits for all of them. Meanwhile it reads the
 * usage of a container; returns the highest.
 */
long child_watch(struct child *children, int nr, const char *container);

/* Waits until a child has been killed, whatever its state before. */
void child_expect_killed(struct child *child);

/* Whether it sleeps now, in child_sync() or in the kernel. */
bool child_is_asleep(const struct child *child);

/* Sets the caller's oom_score_adj; with OOM_SPARED it is never killed. */
#define OOM_SPARED	(-1000)
void child_oom_adj(int adj);

/* The memory that a child fills with a pattern, again and again. */
struct filler {
	size_t pages;
	bool locked;		/* the pages stay in memory */
	bool spared;		/* by the OOM killer */
};

/*
 * A child_fn for a struct filler: the 1st step fills new anonymous memory, the
 * 2nd verifies it, the 3rd exits.
 */
void child_filler(struct child *self, void *arg);

/* A child_fn for a size_t: each step fills the same number of pages again. */
void child_refiller(struct child *self, void *arg);

#endif
