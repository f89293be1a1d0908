// SPDX-License-Identifier: GPL-2.0
/*
 * Kinds of memory that are counted: SysV shm, memfd, secretmem, /dev/zero, the
 * ring of AIO contexts and MAP_DROPPABLE. Files are in test_count, uncounted
 * memory is in test_uncounted.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cpu.h"
#include "mem.h"
#include "numa.h"
#include "ops.h"
#include "runner.h"
#include "steps.h"
#include "swap.h"

#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE	0x08
#endif

#define N	64
#define HALF	(N / 2)

static void attach(struct actor *a)
{
	a->mem = shmat(a->fd, NULL, 0);
	require(a->mem != (void *)-1, "shmat: %s", strerror(errno));
}

static void detach(struct actor *a)
{
	require(!shmdt(a->mem), "shmdt: %s", strerror(errno));
}

/*
 * A removed segment disappears with its last attachment: the case has one,
 * which the processes that it starts do not inherit.
 */
static int new_segment(void)
{
	size_t bytes = N * page_size();
	int id = shmget(IPC_PRIVATE, bytes, IPC_CREAT | 0600);
	char *mem;

	if (id < 0)
		skip_case("shmget: %s", strerror(errno));
	mem = shmat(id, NULL, 0);
	shmctl(id, IPC_RMID, NULL);
	require(mem != (void *)-1 && !madvise(mem, bytes, MADV_DONTFORK),
		"shmat: %s", strerror(errno));
	return id;
}

static void test_sysv_shm(void)
{
	static const struct step steps[] = {
		{ "the first attaches", attach, 0, 0 },
		{ "and writes", op_write, 0, 0, .file = N, .shmem = N },
		{ "the second attaches", attach, 1, 1 },
		{ "and verifies", op_verify, 1, 1 },
		{ "the first detaches", detach, 0, 0 },
		{ "the second detaches", detach, 1, 0,
		  .file = -N, .shmem = -N },
		{ "the second attaches again", attach, 1, 1 },
		{ "and verifies", op_verify, 1, 1, .file = N, .shmem = N },
		{ "and detaches", detach, 1, 1, .file = -N, .shmem = -N },
		{ }
	};
	struct actor actors[2] = {
		{ .home = 0, .pages = N },
		{ .home = 1, .pages = N },
	};

	actors[0].fd = new_segment();
	actors[1].fd = actors[0].fd;
	take_steps(actors, 2, 2, steps);
}

static void write_file(struct actor *a)
{
	static const unsigned long word;
	size_t i;

	for (i = 0; i < N; i++)
		require(pwrite(a->fd, &word, sizeof(word), i * page_size()) ==
			sizeof(word), "pwrite: %s", strerror(errno));
}

static void test_memfd(void)
{
	static const struct step steps[] = {
		{ "write, unmapped", write_file },
		{ "map", op_map_file },
		{ "read", op_read, .file = N, .shmem = N },
		{ "write", op_write },
		{ "unmap one half", op_unmap_first_half,
		  .file = -HALF, .shmem = -HALF },
		{ "unmap the other", op_unmap_last_half,
		  .file = -HALF, .shmem = -HALF },
		{ "map for copying", op_map_file_private },
		{ "verify", op_verify, .file = N, .shmem = N },
		{ "copy", op_write, .anon = N, .file = -N, .shmem = -N },
		{ "unmap", op_unmap, .anon = -N },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	actor->fd = memfd_create("memfd", MFD_CLOEXEC);
	if (actor->fd < 0)
		skip_case("memfd_create: %s", strerror(errno));
	require(!ftruncate(actor->fd, N * page_size()), "ftruncate: %s",
		strerror(errno));
	take_steps(actor, 1, 1, steps);
}

/* Its pages are on no list that reclaim scans, but are counted. */
static void test_secretmem(void)
{
	static const struct step steps[] = {
		{ "map", op_map_file },
		{ "write", op_write, .file = N },
		{ "unmap one half", op_unmap_first_half, .file = -HALF },
		{ "unmap the other", op_unmap_last_half, .file = -HALF },
		{ "map again", op_map_file },
		{ "verify", op_verify, .file = N },
		{ "unmap", op_unmap, .file = -N },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	actor->fd = syscall(SYS_memfd_secret, O_CLOEXEC);
	if (actor->fd < 0)
		skip_case("memfd_secret: %s", strerror(errno));
	require(!ftruncate(actor->fd, N * page_size()), "ftruncate: %s",
		strerror(errno));
	take_steps(actor, 1, 1, steps);
}

static int open_zero(void)
{
	int fd = open("/dev/zero", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		skip_case("no /dev/zero");
	return fd;
}

static void test_zero_private(void)
{
	static const struct step steps[] = {
		{ "map", op_map_file_private },
		{ "read the zero page", op_read },
		{ "write", op_write, .anon = N },
		{ "unmap", op_unmap, .anon = -N },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	actor->fd = open_zero();
	take_steps(actor, 1, 1, steps);
}

static void test_zero_shared(void)
{
	static const struct step steps[] = {
		{ "map", op_map_file },
		{ "read", op_read, .file = N, .shmem = N },
		{ "write", op_write },
		{ "unmap", op_unmap, .file = -N, .shmem = -N },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	actor->fd = open_zero();
	take_steps(actor, 1, 1, steps);
}

/*
 * The kernel makes room for twice the requested events and three more (the
 * head of the ring takes as much as one): N pages in total.
 */
static void make_ring(struct actor *a)
{
	size_t fit = N * page_size() / sizeof(struct io_event);
	aio_context_t context = 0;

	if (syscall(SYS_io_setup, (fit - 3) / 2, &context))
		skip_case("io_setup: %s", strerror(errno));
	a->mem = (char *)context;
}

static void destroy_ring(struct actor *a)
{
	require(!syscall(SYS_io_destroy, (aio_context_t)a->mem),
		"io_destroy: %s", strerror(errno));
}

static void test_aio_ring(void)
{
	static const struct step steps[] = {
		{ "make a ring", make_ring },
		{ "read it", op_read, .file = N },
		{ "drop it", op_drop, .file = -N },
		{ "read it again", op_read, .file = N },
		{ "destroy it", destroy_ring, .file = -N },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	take_steps(actor, 1, 1, steps);
}

/* The kernel does it with interrupts off, under a lock taken in interrupts. */
static void migrate_ring(struct actor *a)
{
	struct nodes nodes;
	int i;

	numa_nodes(&nodes);
	for (i = 1; i >= 0; i--)
		numa_move(0, a->mem, a->pages, nodes.id[i]);
}

static void test_aio_ring_migrates(void)
{
	static const struct step steps[] = {
		{ "make a ring", make_ring },
		{ "read it", op_read, .file = N },
		{ "migrate it", migrate_ring },
		{ "destroy it", destroy_ring, .file = -N },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	take_steps(actor, 1, 1, steps);
}

static void map_droppable(struct actor *a)
{
	a->mem = mmap(NULL, N * page_size(), PROT_READ | PROT_WRITE,
		      MAP_DROPPABLE | MAP_ANONYMOUS, -1, 0);
	if (a->mem == MAP_FAILED)
		skip_case("no MAP_DROPPABLE: %s", strerror(errno));
}

/* Reclaim takes it without swap; reading then finds the zero page. */
static void test_droppable(void)
{
	static const struct step steps[] = {
		{ "map", map_droppable },
		{ "write", op_write, .anon = N },
		{ "let it be dropped", op_page_out, .anon = -N },
		{ "read the zero page", op_read },
		{ "write", op_write, .anon = N },
		{ "unmap", op_unmap, .anon = -N },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	swap_none();
	cpu_stay();
	take_steps(actor, 1, 1, steps);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_sysv_shm),
		T(test_memfd),
		T(test_secretmem),
		T(test_zero_private),
		T(test_zero_shared),
		T(test_aio_ring),
		T(test_aio_ring_migrates),
		T(test_droppable),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
