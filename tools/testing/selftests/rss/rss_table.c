// SPDX-License-Identifier: GPL-2.0
/*
 * rss_table PAGES [HOLD]: fills PAGES of its heap from a constant table. Each
 * step needs the next page of the table, besides the code: all of these are
 * pages of this very file. With HOLD, it then keeps writing to the first of
 * its pages, and reports the number of rounds to its standard output, a file.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define TABLE_BYTES	(2 * 65536)
#define STEP		100

/* No page of it holds anything else. */
static const char table[TABLE_BYTES] = { [0 ... TABLE_BYTES - 1] = 7 };

static void write_page(char *mem, size_t i, size_t page)
{
	const char *from = table + TABLE_BYTES / 4 + i % 2 * page;

	/* Read each time, whatever the compiler knows about the table. */
	asm volatile("" : "+r" (from) : : "memory");
	mem[i * page] = *from;
}

int main(int argc, char **argv)
{
	size_t page = sysconf(_SC_PAGESIZE);
	size_t pages = argc > 1 ? strtoul(argv[1], NULL, 0) : 1, i;
	unsigned long rounds;
	char *mem;

	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	mem = mmap(NULL, pages * page, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (mem == MAP_FAILED)
		return 1;
	for (i = 0; i < pages; i++)
		write_page(mem, i, page);
	for (rounds = 1; argc > 2; rounds++) {
		for (i = 0; i < STEP && i < pages; i++)
			write_page(mem, i, page);
		if (pwrite(STDOUT_FILENO, &rounds, sizeof(rounds), 0) !=
		    sizeof(rounds))
			return 1;
	}
	return 0;
}
