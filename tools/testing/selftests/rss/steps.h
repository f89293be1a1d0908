/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A case as a table of steps.  After each step the change of rss_usage and of
 * anon, file and shmem in rss_stat is compared, page for page, with what the
 * table says, and that of all containers together with the oracle.
 */
#ifndef RSS_STEPS_H
#define RSS_STEPS_H

#include "child.h"

#define MAX_ACTORS	2

/* A process that takes steps; what else a step needs, it keeps here. */
struct actor {
	int home;		/* index of the container where it begins */
	int fd;			/* a file, opened by the case */
	size_t pages;		/* of the region that most steps work on */
	char *mem;		/* that region */
	char *more;		/* a second one */
	struct child forked;	/* a process that a step forked */
	char **containers;	/* all of them */
};

struct step {
	const char *what;
	void (*op)(struct actor *actor);
	int who;		/* the actor */
	int at;			/* the container whose usage changes */
	long anon;		/* by how much */
	long file;		/* shmem included */
	long shmem;
	/*
	 * How much follows from what a process touches by itself, such as
	 * its stack after a fork(): only the oracle knows.
	 */
	bool oracle_only;
	long unseen;		/* anonymous pages that count, but not for the oracle */
};

/*
 * Lets the actors take the steps, up to one that is empty, each in a process
 * of its own that begins in a fresh container, and checks in the end that all containers are empty.
 */
void take_steps(struct actor *actors, int nr_actors, int nr_containers,
		const struct step *steps);

#endif
