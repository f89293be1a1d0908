// SPDX-License-Identifier: GPL-2.0
/*
 * userfaultfd: pages mapped without a fault are charged as well, to the
 * container of the mm that gets them.
 *
 * Regions of N pages. The calls are made without pending faults, so no other
 * process is needed to answer.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "container.h"
#include "fs.h"
#include "mem.h"
#include "ops.h"
#include "runner.h"
#include "steps.h"
#include "thp.h"
#include "uffd.h"

#define N	96
#define HALF	(N / 2)

/* Of the actor. */
static int uffd;

static char *half(char *mem)
{
	return mem + HALF * page_size();
}

static void write_source(struct actor *a)
{
	a->more = mem_anon(N);
	mem_fill(a->more, N, 1);
}

static void watch_missing(struct actor *a)
{
	a->mem = mem_anon(N);
	uffd = uffd_open(0);
	uffd_register(uffd, a->mem, N, UFFDIO_REGISTER_MODE_MISSING);
}

static void watch_missing_shmem(struct actor *a)
{
	a->mem = mem_file(a->fd, N, MAP_SHARED);
	uffd = uffd_open(UFFD_FEATURE_MISSING_SHMEM);
	uffd_register(uffd, a->mem, N, UFFDIO_REGISTER_MODE_MISSING);
}

static void watch_missing_to_move(struct actor *a)
{
	a->mem = mem_anon(N);
	uffd = uffd_open(UFFD_FEATURE_MOVE);
	uffd_register(uffd, a->mem, N, UFFDIO_REGISTER_MODE_MISSING);
}

static void expect_done(const char *what, ssize_t done, size_t pages)
{
	require(done == (ssize_t)pages, "%s of %zu pages: %zd, %s", what, pages,
		done, done < 0 ? strerror(-done) : "too few");
}

static void copy_half(struct actor *a)
{
	expect_done("copy", uffd_copy(uffd, a->mem, a->more, HALF), HALF);
}

static void copy_half_again(struct actor *a)
{
	require(uffd_copy(uffd, a->mem, a->more, HALF) == -EEXIST,
		"a page was replaced");
}

static void copy_other_half(struct actor *a)
{
	expect_done("copy", uffd_copy(uffd, half(a->mem), half(a->more), HALF),
		    HALF);
	mem_verify(a->mem, N, 1);
}

static void zero_half(struct actor *a)
{
	expect_done("zero", uffd_zero(uffd, a->mem, HALF), HALF);
	mem_read(a->mem, HALF);
}

static void write_half(struct actor *a)
{
	mem_fill(a->mem, HALF, 1);
}

static void drop_half(struct actor *a)
{
	mem_advise(a->mem, HALF, MADV_DONTNEED);
}

static void unmap(struct actor *a)
{
	mem_unmap(a->mem, N);
}

static void unmap_source(struct actor *a)
{
	mem_unmap(a->more, N);
}

static void test_copy(void)
{
	static const struct step steps[] = {
		{ "write the source", write_source, .anon = N },
		{ "watch", watch_missing },
		{ "copy one half", copy_half, .anon = HALF },
		{ "copy it again", copy_half_again },
		{ "copy the other", copy_other_half, .anon = HALF },
		{ "drop one half", drop_half, .anon = -HALF },
		{ "copy it again", copy_half, .anon = HALF },
		{ "unmap the source", unmap_source, .anon = -N },
		{ "unmap", unmap, .anon = -N },
		{ }
	};
	struct actor actor[1] = { 0 };

	take_steps(actor, 1, 1, steps);
}

static void make_file(struct actor *a)
{
	fs_mount("tmpfs", NULL);
	a->fd = fs_file("file", 0, 0);
	require(!ftruncate(a->fd, N * page_size()), "ftruncate: %s",
		strerror(errno));
}

static void test_copy_shmem(void)
{
	static const struct step steps[] = {
		{ "write the source", write_source, .anon = N },
		{ "watch", watch_missing_shmem },
		{ "copy one half", copy_half, .file = HALF, .shmem = HALF },
		{ "copy it again", copy_half_again },
		{ "copy the other", copy_other_half,
		  .file = HALF, .shmem = HALF },
		{ "unmap", unmap, .file = -N, .shmem = -N },
		{ }
	};
	struct actor actor[1] = { 0 };

	make_file(actor);
	take_steps(actor, 1, 1, steps);
}

/* The zero page does not count; a file gets its own pages. */
static void test_zero(void)
{
	static const struct step steps[] = {
		{ "watch", watch_missing },
		{ "map the zero page", zero_half },
		{ "write there", write_half, .anon = HALF },
		{ "unmap", unmap, .anon = -HALF },
		{ }
	};
	struct actor actor[1] = { 0 };

	take_steps(actor, 1, 1, steps);
}

static void test_zero_shmem(void)
{
	static const struct step steps[] = {
		{ "watch", watch_missing_shmem },
		{ "map zeroed pages", zero_half, .file = HALF, .shmem = HALF },
		{ "write there", write_half },
		{ "unmap", unmap, .file = -HALF, .shmem = -HALF },
		{ }
	};
	struct actor actor[1] = { 0 };

	make_file(actor);
	take_steps(actor, 1, 1, steps);
}

/* The pages are in the page cache; this maps them. */
static void watch_minor(struct actor *a)
{
	a->mem = mem_file(a->fd, N, MAP_SHARED);
	uffd = uffd_open(UFFD_FEATURE_MINOR_SHMEM);
	uffd_register(uffd, a->mem, N, UFFDIO_REGISTER_MODE_MINOR);
}

static void continue_half(struct actor *a)
{
	expect_done("continue", uffd_continue(uffd, a->mem, HALF), HALF);
	mem_verify(a->mem, HALF, 1);
}

static void continue_other_half(struct actor *a)
{
	expect_done("continue", uffd_continue(uffd, half(a->mem), HALF), HALF);
	mem_verify(a->mem, N, 1);
}

static void test_continue(void)
{
	static const struct step steps[] = {
		{ "watch", watch_minor },
		{ "map one half", continue_half, .file = HALF, .shmem = HALF },
		{ "map the other", continue_other_half,
		  .file = HALF, .shmem = HALF },
		{ "drop one half", drop_half, .file = -HALF, .shmem = -HALF },
		{ "map it again", continue_half, .file = HALF, .shmem = HALF },
		{ "unmap", unmap, .file = -N, .shmem = -N },
		{ }
	};
	struct actor actor[1] = { 0 };

	fs_mount("tmpfs", NULL);
	actor->fd = fs_file("file", N, 1);
	take_steps(actor, 1, 1, steps);
}

static void test_continue_shared(void)
{
	static const struct step steps[] = {
		{ "the first watches", watch_minor, 0, 0 },
		{ "the second watches", watch_minor, 1, 1 },
		{ "the first maps one half", continue_half, 0, 0,
		  .file = HALF, .shmem = HALF },
		{ "the second maps it", continue_half, 1, 1 },
		{ "the second maps the other", continue_other_half, 1, 1,
		  .file = HALF, .shmem = HALF },
		{ "the first unmaps", unmap, 0, 0 },
		{ "the second drops one half", drop_half, 1, 0,
		  .file = -HALF, .shmem = -HALF },
		{ "the second unmaps", unmap, 1, 1,
		  .file = -HALF, .shmem = -HALF },
		{ }
	};
	struct actor actors[2] = { { .home = 0 }, { .home = 1 } };

	fs_mount("tmpfs", NULL);
	actors[0].fd = fs_file("file", N, 1);
	actors[1].fd = actors[0].fd;
	take_steps(actors, 2, 2, steps);
}

static void move_half(struct actor *a)
{
	expect_done("move", uffd_move(uffd, a->mem, a->more, HALF), HALF);
	mem_verify(a->mem, HALF, 1);
}

static void move_half_back(struct actor *a)
{
	uffd_register(uffd, a->more, N, UFFDIO_REGISTER_MODE_MISSING);
	expect_done("move", uffd_move(uffd, a->more, a->mem, HALF), HALF);
	mem_verify(a->more, N, 1);
}

static void test_move(void)
{
	static const struct step steps[] = {
		{ "write the source", write_source, .anon = N },
		{ "watch", watch_missing_to_move },
		{ "move one half", move_half },
		{ "move it back", move_half_back },
		{ "move it again", move_half },
		{ "unmap the source", unmap_source, .anon = -HALF },
		{ "unmap", unmap, .anon = -HALF },
		{ }
	};
	struct actor actor[1] = { 0 };

	take_steps(actor, 1, 1, steps);
}

/* A huge page moves as a whole if all of it does; otherwise it is split. */
static void write_huge(struct actor *a)
{
	a->more = thp_anon(a->pages);
	mem_fill(a->more, a->pages, 1);
	if (!thp_is_large(a->more))
		skip_case("no huge page to be had");
	a->mem = mem_huge(a->pages);
	uffd = uffd_open(UFFD_FEATURE_MOVE);
	uffd_register(uffd, a->mem, a->pages, UFFDIO_REGISTER_MODE_MISSING);
}

static void move_huge(struct actor *a)
{
	expect_done("move", uffd_move(uffd, a->mem, a->more, a->pages),
		    a->pages);
	mem_verify(a->mem, a->pages, 1);
}

static void move_part(struct actor *a)
{
	expect_done("move", uffd_move(uffd, a->mem, a->more, N), N);
	mem_verify(a->mem, N, 1);
}

static void unmap_huge_source(struct actor *a)
{
	mem_unmap(a->more, a->pages);
}

static void test_move_huge(void)
{
	const long h = thp_need();
	const struct step steps[] = {
		{ "write a huge page", write_huge, .anon = h },
		{ "move it", move_huge },
		{ "unmap the source", unmap_huge_source },
		{ "unmap", op_unmap, .anon = -h },
		{ }
	};
	struct actor actor[1] = { { .pages = h } };

	take_steps(actor, 1, 1, steps);
}

static void test_move_part(void)
{
	const long h = thp_need();
	const struct step steps[] = {
		{ "write a huge page", write_huge, .anon = h },
		{ "move a part", move_part },
		{ "unmap the source", unmap_huge_source, .anon = N - h },
		{ "unmap", op_unmap, .anon = -N },
		{ }
	};
	struct actor actor[1] = { { .pages = h } };

	take_steps(actor, 1, 1, steps);
}

static void watch_writes(struct actor *a)
{
	a->mem = mem_anon(N);
	mem_fill(a->mem, HALF, 1);
	uffd = uffd_open(UFFD_FEATURE_PAGEFAULT_FLAG_WP |
			 UFFD_FEATURE_WP_UNPOPULATED | UFFD_FEATURE_WP_ASYNC);
	uffd_register(uffd, a->mem, N, UFFDIO_REGISTER_MODE_WP);
}

static void protect_all(struct actor *a)
{
	uffd_protect(uffd, a->mem, N, true);
}

static void unprotect_all(struct actor *a)
{
	uffd_protect(uffd, a->mem, N, false);
}

static void write_all(struct actor *a)
{
	mem_fill(a->mem, N, 1);
}

/* Unmapped pages are protected by a marker, which is no page. */
static void test_protect(void)
{
	static const struct step steps[] = {
		{ "write one half", watch_writes, .anon = HALF },
		{ "protect all", protect_all },
		{ "write that half again", write_half },
		{ "unprotect all", unprotect_all },
		{ "protect all", protect_all },
		{ "write all", write_all, .anon = HALF },
		{ "unmap", unmap, .anon = -N },
		{ }
	};
	struct actor actor[1] = { 0 };

	take_steps(actor, 1, 1, steps);
}

/*
 * The caller does not matter: a process of the second container maps pages in
 * the first. It has its own copy of the source, and then exits.
 */
static void copy_by_other(struct actor *a)
{
	int status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		container_move(a->containers[1], 0);
		copy_half(a);
		_exit(0);
	}
	require(pid > 0 && waitpid(pid, &status, 0) == pid && !status,
		"the other process failed");
}

static void test_copy_by_other(void)
{
	static const struct step steps[] = {
		{ "write the source", write_source, .anon = N },
		{ "watch", watch_missing },
		{ "let another process copy", copy_by_other, .anon = HALF },
		{ "unmap", unmap, .anon = -HALF },
		{ }
	};
	struct actor actor[1] = { 0 };

	take_steps(actor, 1, 2, steps);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_copy),
		T(test_copy_shmem),
		T(test_zero),
		T(test_zero_shmem),
		T(test_continue),
		T(test_continue_shared),
		T(test_move),
		T(test_move_huge),
		T(test_move_part),
		T(test_protect),
		T(test_copy_by_other),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
