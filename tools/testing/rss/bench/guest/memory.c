// SPDX-License-Identifier: GPL-2.0-only
/* Mapping and touching memory, and reading and writing files of the kernel. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

/* At the start of a page table and far from anything else. */
#define HOME	((void *)(64UL << 30))

/* Files are multiples of this. */
#define CHUNK	65536

size_t page_size;

void *map_at_home(size_t size, int prot, int flags, int fd)
{
	void *mem = mmap(HOME, size, prot, flags | MAP_FIXED_NOREPLACE, fd, 0);

	if (mem != HOME)
		die("mmap");
	return mem;
}

void unmap(void *mem, size_t size)
{
	if (munmap(mem, size))
		die("munmap");
}

void touch_read(const void *mem, size_t size)
{
	const volatile char *bytes = mem;
	size_t offset;

	for (offset = 0; offset < size; offset += page_size)
		(void)bytes[offset];
}

void touch_write(void *mem, size_t size)
{
	volatile char *bytes = mem;
	size_t offset;

	for (offset = 0; offset < size; offset += page_size)
		bytes[offset] = 1;
}

/*
 * A new file that is completely in the page cache and written back, so that
 * nothing is left to do later. It disappears with its users.
 */
int make_file(const char *path, size_t size)
{
	static char data[CHUNK];
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	if (fd < 0)
		die(path);
	memset(data, 1, CHUNK);
	for (; size; size -= CHUNK) {
		if (write(fd, data, CHUNK) != CHUNK)
			die(path);
	}
	if (fsync(fd) || unlink(path))
		die(path);
	return fd;
}

void write_setting(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, value, strlen(value)) < 0 || close(fd))
		die(path);
}

/* The number after @key at the start of a line. */
unsigned long read_key(const char *path, const char *key)
{
	size_t length = strlen(key);
	unsigned long value;
	char line[256];
	FILE *file;

	file = fopen(path, "r");
	if (!file)
		die(path);
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, key, length) ||
		    sscanf(line + length, "%*[: ]%lu", &value) != 1)
			continue;
		fclose(file);
		return value;
	}
	fprintf(stderr, "%s: no %s\n", path, key);
	exit(1);
}

unsigned long sum_lines(const char *path, const char *format)
{
	unsigned long value, sum = 0;
	char line[256];
	FILE *file;

	file = fopen(path, "r");
	if (!file)
		die(path);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, format, &value) == 1)
			sum += value;
	fclose(file);
	return sum;
}
