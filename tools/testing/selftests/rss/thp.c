// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "cgroup_util.h"
#include "frame.h"
#include "mem.h"
#include "runner.h"
#include "thp.h"

#define SPLIT	"/sys/kernel/debug/split_huge_pages"

size_t thp_need(void)
{
	size_t huge = huge_pages();

	if (!huge)
		skip_case("no transparent huge pages");
	return huge;
}

void thp_allow(void)
{
	prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0);
}

void thp_forbid(void)
{
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
}

char *thp_anon(size_t pages)
{
	char *mem = mem_huge(pages);

	thp_allow();
	mem_advise(mem, pages, MADV_HUGEPAGE);
	return mem;
}

char *thp_file(int fd, size_t pages)
{
	char *mem = mem_huge(pages);

	thp_allow();
	mem = mmap(mem, pages * page_size(), PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_FIXED, fd, 0);
	require(mem != MAP_FAILED, "mmap: %s", strerror(errno));
	return mem;
}

bool thp_is_large(const char *page)
{
	unsigned long frame = frame_of(0, page);

	return frame && frame_is(frame, KPF_THP);
}

bool thp_can_split(void)
{
	return !access(SPLIT, W_OK);
}

void thp_split(pid_t pid, const char *mem, size_t pages)
{
	char text[64];
	int len = snprintf(text, sizeof(text), "%d,%p,%p", pid, mem,
			   mem + pages * page_size());
	ssize_t ret;

	if (!thp_can_split())
		skip_case("no " SPLIT);
	ret = write_text(SPLIT, text, len);
	require(ret == len, "splitting: %s", strerror(-ret));
}
