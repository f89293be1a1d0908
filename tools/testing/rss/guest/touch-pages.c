// SPDX-License-Identifier: GPL-2.0-only
/*
 * touch-pages N [stay]: writes to N pages of anonymous memory, one by one, and
 * reads them back. Prints OK if the contents are intact; with "stay" it then
 * keeps them until it is killed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	size_t words = sysconf(_SC_PAGESIZE) / sizeof(size_t);
	size_t pages, i;
	size_t *mem;

	if (argc < 2) {
		fprintf(stderr, "Usage: touch-pages N [stay]\n");
		return 2;
	}
	pages = strtoul(argv[1], NULL, 10);
	mem = mmap(NULL, pages * words * sizeof(*mem), PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	for (i = 0; i < pages; i++)
		mem[i * words] = i + 1;
	for (i = 0; i < pages; i++) {
		if (mem[i * words] != i + 1) {
			printf("page %zu has lost its content\n", i);
			return 1;
		}
	}
	printf("OK\n");
	fflush(stdout);
	if (argc > 2)
		pause();
	return 0;
}
