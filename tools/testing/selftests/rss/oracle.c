// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <linux/kernel-page-flags.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "maps.h"
#include "oracle.h"

#define KPF(name)	(1ULL << KPF_##name)

/* The page frames found so far, one entry per mapping. */
struct frames {
	__u64 *pfn;
	size_t nr;
	size_t size;
	int pagemap;
	unsigned long page_size;
};

static int add_frame(struct frames *frames, __u64 pfn)
{
	__u64 *more;

	if (frames->nr == frames->size) {
		frames->size = frames->size ? 2 * frames->size : 4096;
		more = realloc(frames->pfn, frames->size * sizeof(*more));
		if (!more)
			return -ENOMEM;
		frames->pfn = more;
	}
	frames->pfn[frames->nr++] = pfn;
	return 0;
}

static int scan_map(const struct map *map, void *arg)
{
	struct frames *frames = arg;
	unsigned long page = map->start / frames->page_size;
	unsigned long end = map->end / frames->page_size;
	__u64 entries[512];
	ssize_t len;
	int err;
	int i;

	while (page < end) {
		len = end - page < 512 ? end - page : 512;
		len = pread(frames->pagemap, entries, len * sizeof(*entries),
			    (off_t)page * sizeof(*entries));
		if (len < 0)
			return -errno;
		/* Nothing lies above the user part, unlike [vsyscall]. */
		if (!len)
			return 0;
		len /= sizeof(*entries);
		for (i = 0; i < len; i++) {
			if (!pagemap_present(entries[i]))
				continue;
			/* Frame numbers are hidden from ordinary users. */
			if (!pagemap_pfn(entries[i]))
				return -EPERM;
			err = add_frame(frames, pagemap_pfn(entries[i]));
			if (err)
				return err;
		}
		page += len;
	}
	return 0;
}

static int scan_process(struct frames *frames, pid_t pid)
{
	char path[32];
	int err;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	frames->pagemap = open(path, O_RDONLY | O_CLOEXEC);
	if (frames->pagemap < 0)
		return -errno;
	err = maps_walk(pid, scan_map, frames);
	close(frames->pagemap);
	return err;
}

/* Whether the controller counts the page. */
static bool is_counted(__u64 flags)
{
	if (flags & (KPF(ZERO_PAGE) | KPF(HUGE) | KPF(NOPAGE)))
		return false;
	/* A driver's page is never up to date, mapped page cache is. */
	return flags & (KPF(ANON) | KPF(UPTODATE));
}

static void count_page(struct oracle *result, __u64 flags, bool outside)
{
	if (outside) {
		result->outside++;
	} else if (flags & KPF(ANON)) {
		result->anon++;
		result->ksm += !!(flags & KPF(KSM));
	} else {
		result->file++;
		result->shmem += !!(flags & KPF(SWAPBACKED));
	}
}

static int read_entry(int fd, __u64 pfn, __u64 *entry)
{
	*entry = 0;
	return pread(fd, entry, sizeof(*entry), pfn * sizeof(*entry)) < 0 ?
		-errno : 0;
}

static int count_frames(const struct frames *frames, int counts, int flags,
			struct oracle *result)
{
	size_t first, last;
	__u64 count, flag;

	for (first = 0; first < frames->nr; first = last) {
		for (last = first; last < frames->nr; last++)
			if (frames->pfn[last] != frames->pfn[first])
				break;
		if (read_entry(counts, frames->pfn[first], &count) ||
		    read_entry(flags, frames->pfn[first], &flag))
			return -EIO;
		/* Without a map count it is not a page but bare memory. */
		if (count && is_counted(flag))
			count_page(result, flag, count > last - first);
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	__u64 x = *(const __u64 *)a, y = *(const __u64 *)b;

	return (x > y) - (x < y);
}

int oracle_count(const pid_t *pids, size_t nr, struct oracle *result)
{
	struct frames frames = { .page_size = sysconf(_SC_PAGESIZE) };
	int counts = open("/proc/kpagecount", O_RDONLY | O_CLOEXEC);
	int flags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	int err = counts < 0 || flags < 0 ? -EOPNOTSUPP : 0;
	size_t i;

	memset(result, 0, sizeof(*result));
	for (i = 0; !err && i < nr; i++)
		err = scan_process(&frames, pids[i]);
	if (!err) {
		qsort(frames.pfn, frames.nr, sizeof(*frames.pfn), compare);
		err = count_frames(&frames, counts, flags, result);
	}

	free(frames.pfn);
	if (flags >= 0)
		close(flags);
	if (counts >= 0)
		close(counts);
	return err;
}
