// SPDX-License-Identifier: GPL-2.0
/*
 * Memory failure: a page with an error is unmapped everywhere, and uncharged;
 * one that may get an error is migrated, and stays charged.
 *
 * The errors are simulated. The frames are released afterwards, once they are
 * no longer referenced.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "frame.h"
#include "fs.h"
#include "mem.h"
#include "ops.h"
#include "runner.h"
#include "steps.h"
#include "thp.h"
#include "tunable.h"

#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE	101
#endif

#define HWPOISON	"/sys/kernel/debug/hwpoison/"

#define N	64
#define BAD	7	/* the page with the error */

/* The actor's frame with the error. */
static unsigned long bad_frame;

static char *bad_page(struct actor *a)
{
	return a->mem + BAD * page_size();
}

static void map_and_write(struct actor *a)
{
	a->mem = mem_anon(a->pages);
	mem_fill(a->mem, a->pages, 1);
}

static void map_huge_and_write(struct actor *a)
{
	a->mem = thp_anon(a->pages);
	mem_fill(a->mem, a->pages, 1);
	if (!thp_is_large(a->mem))
		skip_case("no huge page to be had");
}

static void map_and_read(struct actor *a)
{
	a->mem = mem_file(a->fd, a->pages, MAP_SHARED);
	mem_read(a->mem, a->pages);
}

static void verify(struct actor *a)
{
	mem_verify(a->mem, a->pages, 1);
}

static sigjmp_buf after_access;

static void note_error(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	/* Raised by an access, not by madvise(), which also sends a signal. */
	if (info->si_code == BUS_MCEERR_AR && bad_frame)
		siglongjmp(after_access, 1);
}

static void inject(struct actor *a, int advice)
{
	struct sigaction action = {
		.sa_sigaction = note_error, .sa_flags = SA_SIGINFO
	};
	unsigned long frame = frame_of(0, bad_page(a));

	if (access(HWPOISON "unpoison-pfn", W_OK))
		skip_case("no " HWPOISON "unpoison-pfn");
	require(!sigaction(SIGBUS, &action, NULL), "sigaction: %s",
		strerror(errno));
	mem_advise(bad_page(a), 1, advice);
	bad_frame = frame;
}

static void poison(struct actor *a)
{
	inject(a, MADV_HWPOISON);
	require(!frame_of(0, bad_page(a)), "the page is still mapped");
}

static void evacuate(struct actor *a)
{
	inject(a, MADV_SOFT_OFFLINE);
	require(frame_of(0, bad_page(a)) != bad_frame,
		"the page has not been migrated");
}

/* By its frame; no process that maps it is notified. */
static void poison_frame(struct actor *a)
{
	char text[32];

	bad_frame = frame_of(0, bad_page(a));
	snprintf(text, sizeof(text), "%lu", bad_frame);
	tunable_order(HWPOISON "corrupt-pfn", text);
	require(!frame_of(0, bad_page(a)), "the page is still mapped");
}

static void access_bad(struct actor *a)
{
	if (sigsetjmp(after_access, 1))
		return;
	mem_read(bad_page(a), 1);
	fail_case("the page with the error can be read");
}

static void read_bad(struct actor *a)
{
	mem_read(bad_page(a), 1);
}

static void write_bad(struct actor *a)
{
	mem_advise(bad_page(a), 1, MADV_DONTNEED);
	mem_fill(bad_page(a), 1, 1 + BAD);
}

static void clear_error(struct actor *a)
{
	char text[32];

	(void)a;
	snprintf(text, sizeof(text), "%lu", bad_frame);
	tunable_order(HWPOISON "unpoison-pfn", text);
}

/* A file keeps the page until it is truncated. */
static void truncate_and_clear(struct actor *a)
{
	require(!ftruncate(a->fd, 0), "ftruncate: %s", strerror(errno));
	clear_error(a);
}

static void test_anon(void)
{
	static const struct step steps[] = {
		{ "write all", map_and_write, .anon = N },
		{ "have an error", poison, .anon = -1 },
		{ "access that page", access_bad },
		{ "write a fresh one", write_bad, .anon = 1 },
		{ "clear the error", clear_error },
		{ "unmap", op_unmap, .anon = -N },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	take_steps(actor, 1, 1, steps);
}

static void test_huge(void)
{
	const long h = thp_need();
	const struct step steps[] = {
		{ "write a huge page", map_huge_and_write, .anon = h },
		{ "have an error", poison, .anon = -1 },
		{ "write a fresh one", write_bad, .anon = 1 },
		{ "clear the error", clear_error },
		{ "unmap", op_unmap, .anon = -h },
		{ }
	};
	struct actor actor[1] = { { .pages = h } };

	take_steps(actor, 1, 1, steps);
}

/* What is also on disk is read again. */
static void test_file(void)
{
	static const struct step steps[] = {
		{ "read all", map_and_read, .file = N },
		{ "have an error", poison, .file = -1 },
		{ "read that page", read_bad, .file = 1 },
		{ "clear the error", clear_error },
		{ "unmap", op_unmap, .file = -N },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	fs_mount_disk(16 << 20);
	actor->fd = fs_file("file", N, 1);
	require(!fsync(actor->fd), "fsync: %s", strerror(errno));
	take_steps(actor, 1, 1, steps);
}

/* The first container is the owner; the second gets the error. */
static void test_shared(void)
{
	static const struct step steps[] = {
		{ "the first reads all", map_and_read, 0, 0,
		  .file = N, .shmem = N },
		{ "the second reads all", map_and_read, 1, 1 },
		{ "a page has an error", poison_frame, 1, 0,
		  .file = -1, .shmem = -1 },
		{ "the first unmaps", op_unmap, 0, 0 },
		{ "the second unmaps", op_unmap, 1, 0,
		  .file = 1 - N, .shmem = 1 - N },
		{ "clear the error", truncate_and_clear, 1, 1 },
		{ }
	};
	struct actor actors[2] = {
		{ .home = 0, .pages = N }, { .home = 1, .pages = N }
	};

	fs_mount("tmpfs", NULL);
	actors[0].fd = fs_file("file", N, 1);
	actors[1].fd = actors[0].fd;
	take_steps(actors, 2, 2, steps);
}

static void take_evacuation(struct actor *actor, long anon, long file,
			    long shmem, void (*map)(struct actor *a))
{
	const struct step steps[] = {
		{ "map", map, .anon = anon, .file = file, .shmem = shmem },
		{ "expect an error", evacuate },
		{ "verify", verify },
		{ "unmap", op_unmap,
		  .anon = -anon, .file = -file, .shmem = -shmem },
		{ "clear the error", clear_error },
		{ }
	};

	take_steps(actor, 1, 1, steps);
}

static void test_soft_anon(void)
{
	struct actor actor[1] = { { .pages = N } };

	take_evacuation(actor, N, 0, 0, map_and_write);
}

static void test_soft_huge(void)
{
	struct actor actor[1] = { { .pages = thp_need() } };

	take_evacuation(actor, actor->pages, 0, 0, map_huge_and_write);
}

static void test_soft_file(void)
{
	struct actor actor[1] = { { .pages = N } };

	fs_mount_disk(16 << 20);
	actor->fd = fs_file("file", N, 1);
	take_evacuation(actor, 0, N, 0, map_and_read);
}

static void test_soft_shmem(void)
{
	struct actor actor[1] = { { .pages = N } };

	fs_mount("tmpfs", NULL);
	actor->fd = fs_file("file", N, 1);
	take_evacuation(actor, 0, N, N, map_and_read);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_anon),
		T(test_huge),
		T(test_file),
		T(test_shared),
		T(test_soft_anon),
		T(test_soft_huge),
		T(test_soft_file),
		T(test_soft_shmem),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
