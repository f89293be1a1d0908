// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rows: more is mapped than the limit of $LIMIT_KIB allows, so that each page
 * touched evicts another one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "bench.h"

#define LEAST_KIB	1024

static unsigned char *memory;
static unsigned int pages;
static unsigned int *order;

static size_t limit(void)
{
	const char *kib = getenv("LIMIT_KIB");
	long size = kib ? atol(kib) : 0;

	if (size < LEAST_KIB) {
		fprintf(stderr, "LIMIT_KIB is less than %d\n", LEAST_KIB);
		exit(2);
	}
	return size << 10;
}

static void swap_pages(unsigned int a, unsigned int b)
{
	unsigned int page = order[a];

	order[a] = order[b];
	order[b] = page;
}

/* The same order each time. */
static void shuffle(void)
{
	unsigned int i;

	order = malloc(pages * sizeof(*order));
	if (!order)
		die("malloc");
	srand(1);
	for (i = 0; i < pages; i++)
		order[i] = i;
	for (i = pages - 1; i; i--)
		swap_pages(i, rand() % (i + 1));
}

static void map_file(const char *path, const char *around)
{
	size_t size = 4 * limit();

	write_setting(FAULT_AROUND, around);
	pages = size / page_size;
	shuffle();
	memory = map_at_home(size, PROT_READ, MAP_SHARED, make_file(path, size));
}

static void setup_disk(void)
{
	map_file("/disk/limit", "65536");
}

static void setup_tmpfs(void)
{
	map_file("/tmp/limit", "65536");
}

/* One page is mapped for each one reclaimed. */
static void setup_tmpfs_single(void)
{
	map_file("/tmp/limit", "4096");
}

static void setup_anon(void)
{
	size_t size = 2 * limit();

	pages = size / page_size;
	memory = map_at_home(size, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1);
	touch_write(memory, size);
}

static unsigned long per_page(unsigned long cost)
{
	return (cost + pages / 2) / pages;
}

static unsigned long run_random(void)
{
	unsigned long start = now();
	unsigned int i;

	for (i = 0; i < pages; i++)
		touch_read(memory + order[i] * page_size, page_size);
	return per_page(now() - start);
}

static unsigned long read_in_turn(void)
{
	unsigned long start = now();

	touch_read(memory, pages * page_size);
	return per_page(now() - start);
}

static unsigned long write_in_turn(void)
{
	unsigned long start = now();

	touch_write(memory, pages * page_size);
	return per_page(now() - start);
}

static unsigned long io_bytes(void)
{
	return (read_key("/proc/vmstat", "pgpgin") +
		read_key("/proc/vmstat", "pgpgout")) << 10;
}

static unsigned long random_io(void)
{
	unsigned long before = io_bytes();

	run_random();
	return per_page(io_bytes() - before);
}

#define ROW(what, prepare, loop)	\
	{ .name = what, .unit = "page", .units = 1, .repeat = 5, .setup = prepare, .run = loop }

const struct row limit_rows[] = {
	ROW("file of 4 x limit, at random", setup_disk, run_random),
	ROW("the same, bytes of I/O", setup_disk, random_io),
	ROW("tmpfs file of 4 x limit, at random", setup_tmpfs, run_random),
	ROW("the same in turn, no fault-around", setup_tmpfs_single, read_in_turn),
	ROW("anonymous, 2 x limit, in turn", setup_anon, write_in_turn),
	{ }
};
