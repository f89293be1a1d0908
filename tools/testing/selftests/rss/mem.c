// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "maps.h"
#include "runner.h"
#include "mem.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ	22
#define MADV_POPULATE_WRITE	23
#endif

/* The kernel's default, rounded to a power of two pages. */
#define FAULT_AROUND_BYTES	65536

size_t page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

size_t huge_pages(void)
{
	unsigned long bytes = 0;
	FILE *file;

	file = fopen("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size", "r");
	if (file) {
		if (fscanf(file, "%lu", &bytes) != 1)
			bytes = 0;
		fclose(file);
	}
	return bytes / page_size();
}

size_t fault_around_pages(void)
{
	size_t pages = FAULT_AROUND_BYTES / page_size();

	return pages ?: 1;
}

static char *map(size_t pages, int flags, int fd)
{
	char *mem = mmap(NULL, pages * page_size(), PROT_READ | PROT_WRITE,
			 flags, fd, 0);

	require(mem != MAP_FAILED, "mmap of %zu pages: %s", pages,
		strerror(errno));
	return mem;
}

char *mem_anon(size_t pages)
{
	return map(pages, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

char *mem_shared(size_t pages)
{
	return map(pages, MAP_SHARED | MAP_ANONYMOUS, -1);
}

char *mem_file(int fd, size_t pages, int flags)
{
	return map(pages, flags, fd);
}

char *mem_huge(size_t pages)
{
	size_t huge = huge_pages();
	char *mem = mem_anon(pages + huge);
	size_t head = huge - (uintptr_t)mem / page_size() % huge;

	mem_unmap(mem, head);
	mem += head * page_size();
	mem_unmap(mem + pages * page_size(), huge - head);
	return mem;
}

void mem_unmap(char *mem, size_t pages)
{
	require(!pages || !munmap(mem, pages * page_size()), "munmap: %s",
		strerror(errno));
}

void mem_read(const char *mem, size_t pages)
{
	size_t i;

	for (i = 0; i < pages; i++)
		asm volatile("" : : "r" (mem[i * page_size()]) : "memory");
}

void mem_fill(char *mem, size_t pages, unsigned long seed)
{
	size_t i;

	for (i = 0; i < pages; i++)
		*(unsigned long *)(mem + i * page_size()) = seed + i;
}

void mem_verify(const char *mem, size_t pages, unsigned long seed)
{
	unsigned long found;
	size_t i;

	for (i = 0; i < pages; i++) {
		found = *(unsigned long *)(mem + i * page_size());
		require(found == seed + i, "page %zu holds %#lx, not %#lx", i,
			found, seed + i);
	}
}

void mem_advise(char *mem, size_t pages, int advice)
{
	if (!madvise(mem, pages * page_size(), advice))
		return;
	if (errno == EINVAL)
		skip_case("no madvise(%d)", advice);
	fail_case("madvise(%d): %s", advice, strerror(errno));
}

bool mem_is_mapped(const char *page)
{
	off_t at = (uintptr_t)page / page_size() * sizeof(__u64);
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	__u64 entry;

	require(fd >= 0 && pread(fd, &entry, sizeof(entry), at) == sizeof(entry),
		"no pagemap");
	close(fd);
	return pagemap_present(entry);
}

static int settle_map(const struct map *map, void *arg)
{
	bool write = map->prot[1] == 'w' && map->prot[3] == 'p';

	(void)arg;
	/* Fails on special mappings, which are not counted anyway. */
	if (map->prot[0] == 'r')
		madvise((void *)map->start, map->end - map->start,
			write ? MADV_POPULATE_WRITE : MADV_POPULATE_READ);
	return 0;
}

/*
 * On a stack of its own: writes to nothing shared with its parent, and does
 * not outlive it.
 */
static int hold_pages(void *arg)
{
	pid_t parent = (pid_t)(intptr_t)arg;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (getppid() == parent)
		pause();
	return 0;
}

/*
 * A page that was inherited from a process outside, which has since copied it,
 * is mapped only here: writing to it would not copy it. A holder that shares
 * all pages makes each write a copy.
 */
void mem_settle(void)
{
	size_t size = 16 * page_size();
	char *stack;
	pid_t holder;

	stack = mmap(NULL, size, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	require(stack != MAP_FAILED, "mmap: %s", strerror(errno));
	holder = clone(hold_pages, stack + size, SIGCHLD,
		       (void *)(intptr_t)getpid());
	require(holder > 0, "clone: %s", strerror(errno));

	require(!maps_walk(getpid(), settle_map, NULL), "no /proc/self/maps");

	kill(holder, SIGKILL);
	require(waitpid(holder, NULL, 0) == holder, "waitpid: %s",
		strerror(errno));
	munmap(stack, size);
}
