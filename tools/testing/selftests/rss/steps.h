/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A case as a table of steps. After each step the change of rss_usage, and of
 * anon, file and shmem in rss_stat, is compared page for page with the table,
 * and the total of all containers with the oracle.
 */
#ifndef RSS_STEPS_H
#define RSS_STEPS_H

#include "child.h"

#define MAX_ACTORS	2

/* A process that takes steps, and the data that the steps need. */
struct actor {
	int home;		/* index of the container where it starts */
	int fd;			/* a file, opened by the case */
	size_t pages;		/* of the region that most steps use */
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
	 * Pages that the process touches by itself, such as its stack after
	 * fork(), affect the amount: only the oracle knows it.
	 */
	bool oracle_only;
	long unseen;		/* anonymous pages that count, but not for the oracle */
};

/*
 * Makes the actors take the steps, up to an empty one. Each actor is a process
 * in a new container. Finally checks that all containers are empty.
 */
void take_steps(struct actor *actors, int nr_actors, int nr_containers,
		const struct step *steps);

#endif
