// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "hierarchy.h"
#include "message.h"
#include "mount.h"
#include "status.h"

static int version_of(int fd)
{
	if (!faccessat(fd, "rss_usage", F_OK, 0))
		return 1;
	if (!faccessat(fd, "rss.current", F_OK, 0))
		return 2;
	return 0;
}

void hierarchy_open(struct hierarchy *h, const char *root)
{
	h->path = root ? allocated(strdup(root)) : mount_find();
	if (!h->path) {
		mount_v1(HIERARCHY_V1_MOUNT);
		h->path = allocated(strdup(HIERARCHY_V1_MOUNT));
	}
	h->fd = open(h->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (h->fd < 0)
		fail(STATUS_FAILED, "%s: %s", h->path, strerror(errno));
	h->version = version_of(h->fd);
	if (!h->version)
		fail(STATUS_UNSUPPORTED, "%s: no rss controller here", h->path);
	h->page_size = sysconf(_SC_PAGESIZE);
}

void hierarchy_close(struct hierarchy *h)
{
	close(h->fd);
	free(h->path);
}
