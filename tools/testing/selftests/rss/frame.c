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

static void read_frames(int pagemap, const char *mem, size_t pages,
			unsigned long *frames)
{
	off_t at = (uintptr_t)mem / page_size() * sizeof(__u64);
	__u64 entries[512];
	size_t done, len, i;

	for (done = 0; done < pages; done += len) {
		len = pages - done < 512 ? pages - done : 512;
		require(pread(pagemap, entries, len * sizeof(*entries),
			      at + done * sizeof(*entries)) ==
			(ssize_t)(len * sizeof(*entries)),
			"no entries in pagemap for %p", mem);
		for (i = 0; i < len; i++)
			frames[done + i] = pagemap_present(entries[i]) ?
					   pagemap_pfn(entries[i]) : 0;
	}
}

unsigned long frame_of(pid_t pid, const char *page)
{
	int fd = open_pagemap(pid);
	unsigned long frame;

	read_frames(fd, page, 1, &frame);
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

	read_frames(fd, mem, pages, frames);
	close(fd);
}
