// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that the kernel holds references on: usage follows mappings, not
 * references. A pinned page is uncharged when it is unmapped, though its
 * memory is not freed. test_fork covers fork() of pinned pages.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "mem.h"
#include "ops.h"
#include "runner.h"
#include "steps.h"
#include "uring.h"

/* What a pipe holds. */
#define N	16

static void pin(struct actor *a)
{
	struct io_uring_params params;

	a->fd = uring_new(1, &params);
	uring_pin(a->fd, a->mem, N);
}

static void unpin(struct actor *a)
{
	uring_unpin(a->fd);
}

static void close_ring(struct actor *a)
{
	close(a->fd);
}

static void test_buffer(void)
{
	static const struct step steps[] = {
		{ "map", op_map_anon },
		{ "pin, which maps all", pin, .anon = N },
		{ "write", op_write },
		{ "unpin", unpin },
		{ "unmap", op_unmap, .anon = -N },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	take_steps(actor, 1, 1, steps);
}

static void test_unmap(void)
{
	static const struct step steps[] = {
		{ "map", op_map_anon },
		{ "pin, which maps all", pin, .anon = N },
		{ "unmap", op_unmap, .anon = -N },
		{ "unpin by closing the ring", close_ring },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	take_steps(actor, 1, 1, steps);
}

static int ends[2];

static void fill_pipe(struct actor *a)
{
	struct iovec pages = { a->mem, N * page_size() };

	require(!pipe2(ends, O_CLOEXEC), "pipe: %s", strerror(errno));
	require(vmsplice(ends[1], &pages, 1, 0) == (ssize_t)(N * page_size()),
		"vmsplice: %s", strerror(errno));
}

static void read_pipe(struct actor *a)
{
	static unsigned long word[8192];
	size_t i;

	(void)a;
	require(page_size() <= sizeof(word), "pages of %zu", page_size());
	for (i = 0; i < N; i++) {
		require(read(ends[0], word, page_size()) == (ssize_t)page_size(),
			"reading the pipe: %s", strerror(errno));
		require(word[0] == i, "page %zu holds %#lx", i, word[0]);
	}
}

static void test_pipe(void)
{
	static const struct step steps[] = {
		{ "map", op_map_anon },
		{ "write", op_write, .anon = N },
		{ "give the pages to a pipe", fill_pipe },
		{ "unmap", op_unmap, .anon = -N },
		{ "read the pipe", read_pipe },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	take_steps(actor, 1, 1, steps);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_buffer),
		T(test_unmap),
		T(test_pipe),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
