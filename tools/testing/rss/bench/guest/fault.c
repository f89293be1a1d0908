// SPDX-License-Identifier: GPL-2.0-only
/* Rows: pages are mapped by faults and unmapped again, in one loop. */
#include <sys/mman.h>

#include "bench.h"

/* Few enough for most runs to end without a timer interrupt. */
#define PAGES		256
#define SIZE		(PAGES * page_size)

/* More than any loop before has taken from the page allocator. */
#define FRESH_PAGES	16384

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

static unsigned long cost_of_anon(size_t size)
{
	unsigned long start = now();
	void *mem = map_at_home(size, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1);

	touch_write(mem, size);
	unmap(mem, size);
	return now() - start;
}

static unsigned long run_anon(void)
{
	return cost_of_anon(SIZE);
}

static unsigned long run_fresh(void)
{
	return cost_of_anon(FRESH_PAGES * page_size);
}

static unsigned long run_shared_write(void)
{
	unsigned long start = now();
	void *mem = map_at_home(SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd);

	touch_write(mem, SIZE);
	unmap(mem, SIZE);
	return now() - start;
}

static unsigned long run_shared_read(void)
{
	unsigned long start = now();
	void *mem = map_at_home(SIZE, PROT_READ, MAP_SHARED, fd);

	touch_read(mem, SIZE);
	unmap(mem, SIZE);
	return now() - start;
}

static unsigned long run_private_read(void)
{
	unsigned long start = now();
	void *mem = map_at_home(SIZE, PROT_READ, MAP_PRIVATE, fd);

	touch_read(mem, SIZE);
	unmap(mem, SIZE);
	return now() - start;
}

/* The page of the file is copied. */
static unsigned long run_private_write(void)
{
	unsigned long start = now();
	void *mem = map_at_home(SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);

	touch_write(mem, SIZE);
	unmap(mem, SIZE);
	return now() - start;
}

#define ROW(what, prepare, loop)	\
	{ .name = what, .unit = "page", .units = PAGES, .setup = prepare, .run = loop }

const struct row fault_rows[] = {
	{ .name = "anonymous, for the first time", .unit = "page",
	  .units = FRESH_PAGES, .repeat = 1, .run = run_fresh },
	ROW("anonymous", NULL, run_anon),
	ROW("tmpfs shared write", open_tmpfs, run_shared_write),
	ROW("tmpfs shared read, no fault-around", open_tmpfs, run_shared_read),
	ROW("tmpfs shared read, fault-around", open_tmpfs_around, run_shared_read),
	ROW("ext2 private read, no fault-around", open_disk, run_private_read),
	ROW("ext2 private read, fault-around", open_disk_around, run_private_read),
	ROW("tmpfs private write (copy)", open_tmpfs, run_private_write),
	{ }
};
