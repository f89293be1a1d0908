// SPDX-License-Identifier: GPL-2.0-only
/*
 * read-mapped FILE PASSES: maps FILE and reads a byte of each of its pages,
 * PASSES times. Prints OK.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	size_t page_size = sysconf(_SC_PAGESIZE);
	const volatile char *mem;
	struct stat st;
	size_t offset;
	int passes;
	int fd;

	if (argc != 3) {
		fprintf(stderr, "Usage: read-mapped FILE PASSES\n");
		return 2;
	}
	fd = open(argv[1], O_RDONLY);
	if (fd < 0 || fstat(fd, &st)) {
		perror(argv[1]);
		return 1;
	}
	mem = mmap(NULL, st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (mem == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	for (passes = atoi(argv[2]); passes > 0; passes--) {
		for (offset = 0; offset < (size_t)st.st_size; offset += page_size)
			(void)mem[offset];
	}
	printf("OK\n");
	return 0;
}
