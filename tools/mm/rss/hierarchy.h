/* SPDX-License-Identifier: GPL-2.0-only */
/* The cgroup hierarchy that the rss controller is in, of either version. */
#ifndef RSS_HIERARCHY_H
#define RSS_HIERARCHY_H

#include <stddef.h>

struct hierarchy {
	char *path;
	int fd;			/* of the root's directory */
	int version;
	size_t page_size;
};

/* The version of the hierarchy at a directory; 0 if it lacks the controller. */
int hierarchy_version(int fd);

/*
 * Opens the hierarchy at @root.  If that is NULL, it is where the controller
 * is mounted.  Ends the program if there is none.
 */
void hierarchy_open(struct hierarchy *h, const char *root);
void hierarchy_close(struct hierarchy *h);

#endif
