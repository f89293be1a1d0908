// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <linux/types.h>
#include <stdint.h>
#include <stdio.h>

#include "frame.h"
#include "maps.h"
#include "mem.h"
#include "runner.h"

static int open_pagemap(pid_t pid)
{
	char path[32] = "/proc/self/pagemap";
	int fd;

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	require(fd >= 0, "no %s", path);
	return fd;
}

static unsigned long read_frame(int pagemap, const char *page)
{
	off_t at = (uintptr_t)page / page_size() * sizeof(__u64);
	__u64 entry;

	require(pread(pagemap, &entry, sizeof(entry), at) == sizeof(entry),
		"no entry in pagemap for %p", page);
	return pagemap_present(entry) ? pagemap_pfn(entry) : 0;
}

unsigned long frame_of(pid_t pid, const char *page)
{
	int fd = open_pagemap(pid);
	unsigned long frame = read_frame(fd, page);

	close(fd);
	return frame;
}

bool frame_is(unsigned long frame, int flag)
{
	int fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	__u64 flags;

	if (fd < 0)
		skip_case("no /proc/kpageflags");
	require(pread(fd, &flags, sizeof(flags), frame * sizeof(flags)) ==
		sizeof(flags), "no flags of frame %lu", frame);
	close(fd);
	return flags >> flag & 1;
}

void frames_note(unsigned long *frames, const char *mem, size_t pages)
{
	int fd = open_pagemap(0);
	size_t i;

	for (i = 0; i < pages; i++)
		frames[i] = read_frame(fd, mem + i * page_size());
	close(fd);
}

size_t frames_moved(const unsigned long *frames, const char *mem, size_t pages)
{
	int fd = open_pagemap(0);
	size_t moved = 0, i;

	for (i = 0; i < pages; i++)
		moved += frames[i] != read_frame(fd, mem + i * page_size());
	close(fd);
	return moved;
}
