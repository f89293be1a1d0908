// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>

#include "container.h"
#include "oracle.h"
#include "runner.h"
#include "steps.h"

#define MAX_CONTAINERS	2
#define MAX_PIDS	16

struct count {
	long usage;
	long anon;
	long file;
	long shmem;
};

struct part {
	struct actor *actor;
	int who;
	const struct step *steps;
};

/* The containers in order, and the total by the oracle at the end. */
struct counts {
	struct count count[MAX_CONTAINERS + 1];
};

static void play(struct child *self, void *arg)
{
	const struct part *part = arg;
	const struct step *step;

	for (step = part->steps; step->op; step++) {
		if (step->who != part->who)
			continue;
		child_sync(self);
		step->op(part->actor);
	}
	child_sync(self);
}

static void ask_container(const char *container, struct count *count)
{
	count->usage = container_usage(container);
	count->anon = container_stat(container, "anon");
	count->file = container_stat(container, "file");
	count->shmem = container_stat(container, "shmem");
}

/* A process with threads in two containers is listed in both. */
static size_t drop_doubles(pid_t *pids, size_t nr)
{
	size_t kept = 0, i, j;

	for (i = 0; i < nr; i++) {
		for (j = 0; j < kept && pids[j] != pids[i]; j++)
			;
		if (j == kept)
			pids[kept++] = pids[i];
	}
	return kept;
}

static void ask_oracle(char **containers, int nr, struct count *count)
{
	struct oracle oracle;
	pid_t pids[MAX_PIDS];
	size_t nr_pids = 0;
	int err;
	int i;

	for (i = 0; i < nr; i++)
		nr_pids += container_pids(containers[i], pids + nr_pids,
					  MAX_PIDS - nr_pids);
	nr_pids = drop_doubles(pids, nr_pids);
	err = oracle_count(pids, nr_pids, &oracle);
	if (err == -EOPNOTSUPP)
		skip_case("no /proc/kpagecount");
	require(!err, "oracle: %s", strerror(-err));
	count->usage = oracle.anon + oracle.file;
	count->anon = oracle.anon;
	count->file = oracle.file;
	count->shmem = oracle.shmem;
}

static void ask_all(char **containers, int nr, struct counts *counts)
{
	int i;

	for (i = 0; i < nr; i++)
		ask_container(containers[i], &counts->count[i]);
	ask_oracle(containers, nr, &counts->count[nr]);
}

static struct count change(const struct count *now, const struct count *before)
{
	return (struct count) {
		.usage = now->usage - before->usage,
		.anon = now->anon - before->anon,
		.file = now->file - before->file,
		.shmem = now->shmem - before->shmem,
	};
}

static void expect(const struct step *step, const char *where,
		   struct count found, struct count wanted)
{
	require(!memcmp(&found, &wanted, sizeof(found)),
		"%s: %s: usage %+ld anon %+ld file %+ld shmem %+ld instead of %+ld %+ld %+ld %+ld",
		step->what, where, found.usage, found.anon, found.file,
		found.shmem, wanted.usage, wanted.anon, wanted.file,
		wanted.shmem);
}

static void check(const struct step *step, const struct counts *now,
		  const struct counts *before, int nr)
{
	static const char * const names[MAX_CONTAINERS] = { "first", "second" };
	struct count sum = { 0 }, found, wanted;
	int i;

	for (i = 0; i < nr; i++) {
		found = change(&now->count[i], &before->count[i]);
		wanted = (struct count) { 0 };
		if (i == step->at)
			wanted = (struct count) {
				step->anon + step->file,
				step->anon, step->file, step->shmem,
			};
		if (!step->oracle_only || i != step->at)
			expect(step, names[i], found, wanted);
		sum.usage += found.usage;
		sum.anon += found.anon;
		sum.file += found.file;
		sum.shmem += found.shmem;
	}
	sum.usage -= step->unseen;
	sum.anon -= step->unseen;
	expect(step, "oracle", sum, change(&now->count[nr], &before->count[nr]));
}

void take_steps(struct actor *actors, int nr_actors, int nr_containers,
		const struct step *steps)
{
	struct child children[MAX_ACTORS];
	struct part parts[MAX_ACTORS];
	char *containers[MAX_CONTAINERS];
	struct counts now, before;
	const struct step *step;
	int i;

	for (i = 0; i < nr_containers; i++)
		containers[i] = container_new(NULL, i ? "second" : "first");
	for (i = 0; i < nr_actors; i++) {
		actors[i].containers = containers;
		parts[i] = (struct part) { &actors[i], i, steps };
		child_start(&children[i], containers[actors[i].home], play,
			    &parts[i]);
	}

	ask_all(containers, nr_containers, &before);
	for (step = steps; step->op; step++) {
		child_step(&children[step->who]);
		ask_all(containers, nr_containers, &now);
		check(step, &now, &before, nr_containers);
		before = now;
	}

	for (i = 0; i < nr_actors; i++)
		child_finish(&children[i]);
	for (i = 0; i < nr_containers; i++) {
		require(wait_for(!container_usage(containers[i])),
			"usage %ld with no process left",
			container_usage(containers[i]));
		container_remove(containers[i]);
	}
}
