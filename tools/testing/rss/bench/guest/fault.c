// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rows: pages are mapped by faults and unmapped again, all in one loop.
 */
#include <sys/mman.h>

#include "bench.h"

#define PAGES		512
#define SIZE		(PAGES * page_size)
#define FAULT_AROUND	"/sys/kernel/debug/fault_around_bytes"

static int fd = -1;

static void no_fault_around(void)
{
	write_setting(FAULT_AROUND, "4096");
}

static void fault_around(void)
{
	write_setting(FAULT_AROUND, "65536");
}

static void open_tmpfs(void)
{
	no_fault_around();
	fd = make_file("/tmp/bench", SIZE);
}

static void open_tmpfs_around(void)
{
	fault_around();
	fd = make_file("/tmp/bench", SIZE);
}

static void open_disk(void)
{
	no_fault_around();
	fd = make_file("/disk/bench", SIZE);
}

static void open_disk_around(void)
{
	fault_around();
	fd = make_file("/disk/bench", SIZE);
}

static uint64_t run_anon(void)
{
	uint64_t start = now();
	void *mem = map_at_home(SIZE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1);

	touch_write(mem, SIZE);
	unmap(mem, SIZE);
	return now() - start;
}

static uint64_t run_shared_write(void)
{
	uint64_t start = now();
	void *mem = map_at_home(SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd);

	touch_write(mem, SIZE);
	unmap(mem, SIZE);
	return now() - start;
}

static uint64_t run_shared_read(void)
{
	uint64_t start = now();
	void *mem = map_at_home(SIZE, PROT_READ, MAP_SHARED, fd);

	touch_read(mem, SIZE);
	unmap(mem, SIZE);
	return now() - start;
}

static uint64_t run_private_read(void)
{
	uint64_t start = now();
	void *mem = map_at_home(SIZE, PROT_READ, MAP_PRIVATE, fd);

	touch_read(mem, SIZE);
	unmap(mem, SIZE);
	return now() - start;
}

/* The page of the file is copied. */
static uint64_t run_private_write(void)
{
	uint64_t start = now();
	void *mem = map_at_home(SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);

	touch_write(mem, SIZE);
	unmap(mem, SIZE);
	return now() - start;
}

const struct row fault_rows[] = {
	{ "anonymous", "page", PAGES, 0, NULL, run_anon },
	{ "tmpfs shared write", "page", PAGES, 0, open_tmpfs, run_shared_write },
	{ "tmpfs shared read, no fault-around", "page", PAGES, 0, open_tmpfs,
	  run_shared_read },
	{ "tmpfs shared read, fault-around", "page", PAGES, 0,
	  open_tmpfs_around, run_shared_read },
	{ "ext2 private read, no fault-around", "page", PAGES, 0, open_disk,
	  run_private_read },
	{ "ext2 private read, fault-around", "page", PAGES, 0, open_disk_around,
	  run_private_read },
	{ "tmpfs private write (copy)", "page", PAGES, 0, open_tmpfs,
	  run_private_write },
	{ }
};
