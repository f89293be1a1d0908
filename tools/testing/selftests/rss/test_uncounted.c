// SPDX-License-Identifier: GPL-2.0
/*
 * Mapped memory that is not counted: the zero pages, hugetlb pages, and pages
 * that a driver inserts and reclaim could never take. Each case checks that
 * all pages are in the page tables.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "container.h"
#include "keys.h"
#include "mem.h"
#include "ops.h"
#include "runner.h"
#include "steps.h"
#include "tunable.h"
#include "uring.h"

#define N	16

static void expect_mapped(struct actor *a)
{
	size_t i;

	for (i = 0; i < a->pages; i++)
		require(mem_is_mapped(a->mem + i * page_size()),
			"page %zu is not mapped", i);
}

static void read_mapped(struct actor *a)
{
	op_read(a);
	expect_mapped(a);
}

static void map_at(struct actor *a, int prot, int flags, off_t offset)
{
	a->mem = mmap(NULL, a->pages * page_size(), prot, flags, a->fd, offset);
	if (a->mem == MAP_FAILED)
		skip_case("mmap: %s", strerror(errno));
}

/* Maps, reads and unmaps a->fd. */
static void map_ring(struct actor *a)
{
	map_at(a, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
}

static const struct step ring_steps[] = {
	{ "map the ring", map_ring },
	{ "read it", read_mapped },
	{ "unmap it", op_unmap },
	{ }
};

static void test_zero_pages(void)
{
	static const struct step steps[] = {
		{ "map", op_map_anon },
		{ "read the zero page", read_mapped },
		{ "unmap", op_unmap },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	take_steps(actor, 1, 1, steps);
}

static void map_for_huge(struct actor *a)
{
	prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0);
	a->mem = mem_huge(a->pages);
	mem_advise(a->mem, a->pages, MADV_HUGEPAGE);
}

/* One fault maps all of it where huge pages are allowed. */
static void test_huge_zero_page(void)
{
	static const struct step steps[] = {
		{ "map", map_for_huge },
		{ "read a page", op_read_first },
		{ "read all", read_mapped },
		{ "unmap one half", op_unmap_first_half },
		{ "unmap the other", op_unmap_last_half },
		{ }
	};
	struct actor actor[1] = { { .pages = huge_pages() } };

	if (!actor->pages)
		skip_case("no transparent huge pages");
	take_steps(actor, 1, 1, steps);
}

static void map_hugetlb(struct actor *a)
{
	a->mem = mmap(NULL, a->pages * page_size(), PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	require(a->mem != MAP_FAILED, "mmap: %s", strerror(errno));
}

static void write_mapped(struct actor *a)
{
	op_write(a);
	expect_mapped(a);
}

static void test_hugetlb(void)
{
	static const struct step steps[] = {
		{ "map", map_hugetlb },
		{ "write", write_mapped },
		{ "drop", op_drop },
		{ "write again", write_mapped },
		{ "unmap", op_unmap },
		{ }
	};
	long kib = read_key("/proc/meminfo", "Hugepagesize:");
	struct actor actor[1] = { { 0 } };

	if (kib < 0)
		skip_case("no hugetlb");
	tunable_set("/proc/sys/vm/nr_hugepages", "1");
	if (read_key("/proc/meminfo", "HugePages_Free:") < 1)
		skip_case("no memory for a huge page");
	actor->pages = kib * 1024 / page_size();
	take_steps(actor, 1, 1, steps);
}

/*
 * A power of two of data pages, preceded by one more. They are mapped by page
 * frame numbers, which pagemap does not show.
 */
static void test_perf_ring(void)
{
	static const struct step steps[] = {
		{ "map the ring", map_ring },
		{ "read it", op_read },
		{ "unmap it", op_unmap },
		{ }
	};
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY,
	};
	struct actor actor[1] = { { .pages = 1 + N } };

	actor->fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1,
			    PERF_FLAG_FD_CLOEXEC);
	if (actor->fd < 0)
		skip_case("perf_event_open: %s", strerror(errno));
	take_steps(actor, 1, 1, steps);
}

static void test_packet_ring(void)
{
	struct tpacket_req ring = {
		.tp_block_size = 4 * page_size(),
		.tp_block_nr = N / 4,
		.tp_frame_size = page_size(),
		.tp_frame_nr = N,
	};
	struct actor actor[1] = { { .pages = N } };

	actor->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (actor->fd < 0)
		skip_case("no packet sockets: %s", strerror(errno));
	require(!setsockopt(actor->fd, SOL_PACKET, PACKET_RX_RING, &ring,
			    sizeof(ring)), "PACKET_RX_RING: %s",
		strerror(errno));
	take_steps(actor, 1, 1, ring_steps);
}

static struct io_uring_params uring;

static void map_completions(struct actor *a)
{
	a->pages = uring.cq_entries * sizeof(struct io_uring_cqe) / page_size();
	map_at(a, PROT_READ | PROT_WRITE, MAP_SHARED, IORING_OFF_CQ_RING);
}

static void map_submissions(struct actor *a)
{
	a->pages = uring.sq_entries * sizeof(struct io_uring_sqe) / page_size();
	map_at(a, PROT_READ | PROT_WRITE, MAP_SHARED, IORING_OFF_SQES);
}

static void test_uring(void)
{
	static const struct step steps[] = {
		{ "map the completions", map_completions },
		{ "read them", read_mapped },
		{ "unmap them", op_unmap },
		{ "map the submissions", map_submissions },
		{ "read them", read_mapped },
		{ "unmap them", op_unmap },
		{ }
	};
	struct actor actor[1] = { { 0 } };

	actor->fd = uring_new(N * page_size() / sizeof(struct io_uring_sqe),
			      &uring);
	take_steps(actor, 1, 1, steps);
}

/*
 * The last 64 KiB below 1 MiB, firmware on x86, readable through /dev/mem.
 * Neither pagemap nor the oracle cover such a mapping, hence the fixed numbers
 * for its copies.
 */
#define FIRMWARE	0xf0000
#define FIRMWARE_BYTES	65536

static void map_firmware(struct actor *a)
{
	map_at(a, PROT_READ, MAP_SHARED, FIRMWARE);
}

static int open_memory(void)
{
	int fd = open("/dev/mem", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		skip_case("no /dev/mem: %s", strerror(errno));
	return fd;
}

static void test_physical(void)
{
	static const struct step steps[] = {
		{ "map", map_firmware },
		{ "read", op_read },
		{ "unmap", op_unmap },
		{ }
	};
	struct actor actor[1] = { { .pages = FIRMWARE_BYTES / page_size() } };

	actor->fd = open_memory();
	take_steps(actor, 1, 1, steps);
}

static void copy_firmware(struct child *self, void *arg)
{
	struct actor *a = arg;

	child_sync(self);
	map_at(a, PROT_READ | PROT_WRITE, MAP_PRIVATE, FIRMWARE);
	op_read(a);
	child_sync(self);
	op_write(a);
	child_sync(self);
	op_unmap(a);
	child_sync(self);
}

/* A copy is ordinary anonymous memory. */
static void test_physical_copy(void)
{
	struct actor actor = { .pages = FIRMWARE_BYTES / page_size() };
	const long changes[] = { 0, actor.pages, 0 };
	struct child child;
	long base, usage;
	unsigned int i;
	char *c;

	actor.fd = open_memory();
	c = container_new(NULL, "copies");
	child_start(&child, c, copy_firmware, &actor);
	base = container_usage(c);
	for (i = 0; i < ARRAY_SIZE(changes); i++) {
		child_step(&child);
		usage = container_usage(c) - base;
		require(usage == changes[i], "step %u: usage %+ld instead of %+ld",
			i, usage, changes[i]);
	}
	child_finish(&child);
	require(!container_usage(c), "usage %ld with no process left",
		container_usage(c));
}

/* All processes map it, so it would have no owner anyway. */
static void test_vdso(void)
{
	static const struct step steps[] = {
		{ "drop", op_drop },
		{ "read", read_mapped },
		{ }
	};
	struct actor actor[1] = { { .pages = 1 } };

	actor->mem = (char *)getauxval(AT_SYSINFO_EHDR);
	if (!actor->mem)
		skip_case("no vDSO");
	take_steps(actor, 1, 1, steps);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_zero_pages),
		T(test_huge_zero_page),
		T(test_hugetlb),
		T(test_perf_ring),
		T(test_packet_ring),
		T(test_uring),
		T(test_physical),
		T(test_physical_copy),
		T(test_vdso),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
