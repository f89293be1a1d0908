// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/swap.h>

#include "cgroup_util.h"
#include "keys.h"
#include "mem.h"
#include "runner.h"
#include "swap.h"

#define ZRAM_CONTROL	"/sys/class/zram-control/"
#define SWAP_MAGIC	"SWAPSPACE2"

/* The part of union swap_header (include/linux/swap.h) that mkswap fills. */
struct swap_info {
	char bootbits[1024];
	__u32 version;
	__u32 last_page;
	__u32 nr_badpages;
};

/* Number of the zram device plus 1; shared with the cases. */
static int *zram;

static void zram_path(char *path, size_t size)
{
	snprintf(path, size, "/dev/zram%d", *zram - 1);
}

void swap_init(void)
{
	zram = (int *)mem_shared(1);
}

void swap_cleanup(void)
{
	char text[64];

	if (!*zram)
		return;
	zram_path(text, sizeof(text));
	if (swapoff(text) && errno != EINVAL)
		ksft_print_msg("swapoff %s: %s\n", text, strerror(errno));
	snprintf(text, sizeof(text), "%d", *zram - 1);
	if (write_text(ZRAM_CONTROL "hot_remove", text, strlen(text)) < 0)
		ksft_print_msg("zram%s stays behind\n", text);
	*zram = 0;
}

static void make_swap(int fd, size_t pages)
{
	struct swap_info *info;
	char *page = mem_anon(1);

	info = (struct swap_info *)page;
	info->version = 1;
	info->last_page = pages - 1;
	memcpy(page + page_size() - strlen(SWAP_MAGIC), SWAP_MAGIC,
	       strlen(SWAP_MAGIC));
	require(write(fd, page, page_size()) == (ssize_t)page_size() &&
		!fsync(fd), "writing the swap header: %s", strerror(errno));
	mem_unmap(page, 1);
}

void swap_on(size_t pages)
{
	char path[64], text[32];
	int fd;

	if (read_text(ZRAM_CONTROL "hot_add", text, sizeof(text)) < 0)
		skip_case("no zram to swap to");
	*zram = atoi(text) + 1;
	snprintf(path, sizeof(path), "/sys/block/zram%d/disksize", *zram - 1);
	/* One more page: the first is the header. */
	snprintf(text, sizeof(text), "%zu", (pages + 1) * page_size());
	require(write_text(path, text, strlen(text)) > 0, "no disksize");

	zram_path(path, sizeof(path));
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		skip_case("no %s", path);
	make_swap(fd, pages + 1);
	close(fd);
	if (swapon(path, 0))
		skip_case("swapon %s: %s", path, strerror(errno));
}

void swap_off(void)
{
	char path[64];

	zram_path(path, sizeof(path));
	require(!swapoff(path), "swapoff %s: %s", path, strerror(errno));
}

void swap_none(void)
{
	if (read_key("/proc/meminfo", "SwapTotal:") > 0)
		skip_case("the system has swap");
}
