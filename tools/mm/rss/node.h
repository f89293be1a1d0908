/* SPDX-License-Identifier: GPL-2.0-only */
/* A directory of the hierarchy that rssd looks at: watched, or above such. */
#ifndef RSS_NODE_H
#define RSS_NODE_H

#include <sys/queue.h>

#include "watched.h"

/* What inotify tells of a directory */
enum node_watch {
	NODE_CHILDREN,		/* that containers come and go in it */
	NODE_CONTROL,		/* of v2: for which controllers it has them */
	NODE_LIMIT,		/* that its limit is set */
	NR_NODE_WATCHES
};

LIST_HEAD(node_list, node);

struct node {
	LIST_ENTRY(node) sibling;
	struct node_list children;
	struct node *parent;
	char *name;		/* as a container's */
	ino_t ino;		/* another one can have the same name */
	int wd[NR_NODE_WATCHES];	/* or -1 */
	struct watched *w;	/* or NULL */
	bool enabled;		/* the controller, by rssd */
	unsigned long seen;	/* the look at the hierarchy that it was in */
};

/* All nodes, by name and by watch */
struct nodes {
	void *by_name;
	void *by_wd;
	int inotify;
};

void nodes_init(struct nodes *nodes);

struct node *node_new(struct nodes *nodes, struct node *parent,
		      const char *name, ino_t ino);
struct node *node_find(const struct nodes *nodes, const char *name);

/* Frees it; it must have neither children nor a container that is watched. */
void node_free(struct nodes *nodes, struct node *node);

/* The name of a child, to be freed. */
char *node_child_name(const struct node *parent, const char *name);
void node_rename(struct nodes *nodes, struct node *node, char *name);

/* The node and the kind of a watch, or NULL. */
struct node *node_of_watch(const struct nodes *nodes, int wd,
			   enum node_watch *kind);

/* @dir is open for the node.  Returns 0 or a negative errno. */
int node_watch(struct nodes *nodes, struct node *node, enum node_watch kind,
	       int dir, const struct hierarchy *h);
void node_unwatch(struct nodes *nodes, struct node *node, enum node_watch kind);

/* The kernel has ended a watch: what was watched is gone. */
void node_watch_ended(struct nodes *nodes, struct node *node,
		      enum node_watch kind);

#endif
