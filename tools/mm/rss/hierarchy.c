// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "hierarchy.h"
#include "message.h"
#include "mount.h"
#include "status.h"

int hierarchy_version(int fd)
{
	if (!faccessat(fd, "rss_usage", F_OK, 0))
		return 1;
	return file_has_word(fd, "cgroup.controllers", "rss") ? 2 : 0;
}

void hierarchy_open(struct hierarchy *h, const char *root)
{
	h->path = root ? allocated(strdup(root)) : mount_find();
	if (!h->path)
		mount_missing();
	h->fd = open(h->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (h->fd < 0)
		fail(STATUS_FAILED, "%s: %s", h->path, strerror(errno));
	h->version = hierarchy_version(h->fd);
	if (!h->version)
		fail(STATUS_UNSUPPORTED, "%s: no rss controller here", h->path);
	h->page_size = sysconf(_SC_PAGESIZE);
}

void hierarchy_close(struct hierarchy *h)
{
	close(h->fd);
	free(h->path);
}
