// SPDX-License-Identifier: GPL-2.0
/*
 * A large folio has one owner, which is charged for all its mapped pages,
 * whichever task maps them. Tasks of another container must not push the owner
 * past its limit by mapping the rest of its folios:
 *
 *	parent			PARENT_LIMIT
 *	  owner			OWNER_LIMIT; maps a page of each of FOLIOS folios
 *	  other			maps and locks all of them
 *
 * Pushers are held up. Tasks of the owner are not killed for it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "child.h"
#include "container.h"
#include "fs.h"
#include "limit.h"
#include "mem.h"
#include "runner.h"
#include "swap.h"
#include "thp.h"

#define FOLIOS		12
#define PUSHERS		3
#define EACH		(FOLIOS / PUSHERS)
#define OWNER_LIMIT	1500
#define PARENT_LIMIT	3000

/* Faults that one system call may take past the limit, see rss.rst. */
#define KERNEL_EXCESS	64

struct part {
	int fd;
	size_t huge;		/* base pages of a folio */
	int first;		/* folio of this process */
};

static char *map_folio(const struct part *part, int nr)
{
	char *mem = mmap(NULL, part->huge * page_size(), PROT_READ, MAP_SHARED,
			 part->fd, (off_t)nr * part->huge * page_size());

	require(mem != MAP_FAILED, "mmap: %s", strerror(errno));
	return mem;
}

/* The owner: a page of each, then one more of its own. */
static void map_first_pages(struct child *self, void *arg)
{
	const struct part *part = arg;
	char *mem = mem_anon(1);
	int i;

	for (i = 0; i < FOLIOS; i++)
		mem_read(map_folio(part, i), 1);
	child_sync(self);
	mem_fill(mem, 1, 0);
	child_sync(self);
}

static void lock_folios(struct child *self, void *arg)
{
	const struct part *part = arg;
	char *folios[EACH];
	int i;

	for (i = 0; i < EACH; i++)
		folios[i] = map_folio(part, part->first + i);
	child_sync(self);
	for (i = 0; i < EACH; i++)
		if (mlock(folios[i], part->huge * page_size()))
			ksft_print_msg("mlock: %s\n", strerror(errno));
	child_sync(self);
}

struct family {
	char *parent;
	char *owner;
	char *other;
	struct child first;
	struct child bystander;
	struct child pushers[PUSHERS];
};

/* All start below their limits; then the pushers run. */
static void make_family(struct family *f, long parent_limit)
{
	struct filler few = { .pages = 10 };
	struct part part = { .huge = thp_need() };
	int i;

	swap_none();
	fs_mount("tmpfs", "huge=always");
	part.fd = fs_file("file", FOLIOS * part.huge, 0);
	f->parent = container_new(NULL, "parent");
	f->owner = container_new(f->parent, "owner");
	f->other = container_new(f->parent, "other");
	child_start(&f->first, f->owner, map_first_pages, &part);
	child_start(&f->bystander, f->owner, child_filler, &few);
	child_step(&f->bystander);
	for (i = 0; i < PUSHERS; i++) {
		part.first = i * EACH;
		child_start(&f->pushers[i], f->other, lock_folios, &part);
	}
	if (container_usage(f->owner) > OWNER_LIMIT)
		skip_case("usage %ld before anything was pushed",
			  container_usage(f->owner));
	container_set_pages(f->owner, "rss_limit", OWNER_LIMIT);
	if (parent_limit)
		container_set_pages(f->parent, "rss_limit", parent_limit);
	for (i = 0; i < PUSHERS; i++)
		child_go(&f->pushers[i]);
}

/*
 * A pusher that is only slowed down maps a page whenever reclaim has scanned
 * everything in vain. It passes the limit later than any test can wait for. So
 * give all of them that time, or until usage has stopped changing.
 */
#define STILL_MS	2000
#define STILL_TRIES	20

static bool is_still(struct family *f)
{
	long usage = container_usage(f->parent);

	return holds_for(container_usage(f->parent) == usage, STILL_MS);
}

static void let_them_push(struct family *f)
{
	int tries = STILL_TRIES;

	while (tries && !is_still(f))
		tries--;
}

static void expect_limits(struct family *f, long parent_limit)
{
	/* What each maps in a fault that found room, and what it may exceed. */
	long most = PUSHERS * (thp_need() + KERNEL_EXCESS);

	require(wait_for(container_get(f->owner, "rss_failcnt")),
		"the limit is not met");
	let_them_push(f);
	require(holds_for(container_usage(f->owner) <= OWNER_LIMIT + most &&
			  (!parent_limit || container_usage(f->parent) <=
					    parent_limit + most), 2000),
		"usage %ld of the owner, %ld of the parent",
		container_usage(f->owner), container_usage(f->parent));
}

static void end_pushers(struct family *f)
{
	int i;

	for (i = 0; i < PUSHERS; i++) {
		kill(f->pushers[i].pid, SIGKILL);
		child_expect_killed(&f->pushers[i]);
	}
}

static void expect_owner_lives(struct family *f)
{
	require(child_poll(&f->bystander, 0) == CHILD_SYNCED,
		"a bystander was killed");
	require(child_poll(&f->first, 0) != CHILD_KILLED,
		"the owner of the folios was killed");
}

static void test_limits(void)
{
	struct family f;

	make_family(&f, PARENT_LIMIT);
	expect_limits(&f, PARENT_LIMIT);
	expect_owner_lives(&f);
	end_pushers(&f);
	child_step(&f.bystander);
	child_finish(&f.bystander);
}

/* It needs a page while others fill it up, and gets it when they exit. */
static void test_owner_lives(void)
{
	struct family f;

	make_family(&f, 0);
	expect_limits(&f, 0);
	child_go(&f.first);
	child_poll(&f.first, 2000);
	expect_owner_lives(&f);
	end_pushers(&f);
	require(child_wait(&f.first) == CHILD_SYNCED,
		"the owner of the folios was killed");
	child_finish(&f.first);
	child_step(&f.bystander);
	child_finish(&f.bystander);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_limits),
		T(test_owner_lives),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
