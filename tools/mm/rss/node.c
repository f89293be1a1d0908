// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <search.h>
#include <string.h>
#include <sys/inotify.h>

#include "attr.h"
#include "message.h"
#include "node.h"
#include "status.h"

struct watch {
	int wd;
	enum node_watch kind;
	struct node *node;
};

static int compare_names(const void *a, const void *b)
{
	const struct node *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int compare_watches(const void *a, const void *b)
{
	const struct watch *x = a, *y = b;

	return (x->wd > y->wd) - (x->wd < y->wd);
}

void nodes_init(struct nodes *nodes)
{
	*nodes = (struct nodes){
		.inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK),
	};
	if (nodes->inotify < 0)
		fail(STATUS_FAILED, "inotify: %s", strerror(errno));
}

struct node *node_new(struct nodes *nodes, struct node *parent,
		      const char *name, ino_t ino)
{
	struct node *node = allocated(calloc(1, sizeof(*node)));
	int kind;

	node->name = allocated(strdup(name));
	node->ino = ino;
	node->parent = parent;
	for (kind = 0; kind < NR_NODE_WATCHES; kind++)
		node->wd[kind] = -1;
	LIST_INIT(&node->children);
	if (parent)
		LIST_INSERT_HEAD(&parent->children, node, sibling);
	allocated(tsearch(node, &nodes->by_name, compare_names));
	return node;
}

struct node *node_find(const struct nodes *nodes, const char *name)
{
	const struct node key = { .name = (char *)name };
	struct node **found = tfind(&key, &nodes->by_name, compare_names);

	return found ? *found : NULL;
}

void node_free(struct nodes *nodes, struct node *node)
{
	int kind;

	for (kind = 0; kind < NR_NODE_WATCHES; kind++)
		node_unwatch(nodes, node, kind);
	tdelete(node, &nodes->by_name, compare_names);
	if (node->parent)
		LIST_REMOVE(node, sibling);
	free(node->name);
	free(node);
}

char *node_child_name(const struct node *parent, const char *name)
{
	if (!strcmp(parent->name, "/"))
		return format("%s", name);
	return format("%s/%s", parent->name, name);
}

void node_rename(struct nodes *nodes, struct node *node, char *name)
{
	size_t len = strlen(node->name);
	struct node *child;

	tdelete(node, &nodes->by_name, compare_names);
	LIST_FOREACH(child, &node->children, sibling)
		node_rename(nodes, child,
			    format("%s%s", name, child->name + len));
	free(node->name);
	node->name = name;
	allocated(tsearch(node, &nodes->by_name, compare_names));
	if (node->w)
		watched_rename(node->w, name);
}

static struct watch *find_watch(const struct nodes *nodes, int wd)
{
	const struct watch key = { .wd = wd };
	struct watch **found = tfind(&key, &nodes->by_wd, compare_watches);

	return found ? *found : NULL;
}

struct node *node_of_watch(const struct nodes *nodes, int wd,
			   enum node_watch *kind)
{
	const struct watch *watch = find_watch(nodes, wd);

	if (watch)
		*kind = watch->kind;
	return watch ? watch->node : NULL;
}

void node_watch_ended(struct nodes *nodes, struct node *node,
		      enum node_watch kind)
{
	struct watch *watch = find_watch(nodes, node->wd[kind]);

	node->wd[kind] = -1;
	if (!watch)
		return;
	tdelete(watch, &nodes->by_wd, compare_watches);
	free(watch);
}

void node_unwatch(struct nodes *nodes, struct node *node, enum node_watch kind)
{
	int wd = node->wd[kind];

	if (wd < 0)
		return;
	node_watch_ended(nodes, node, kind);
	inotify_rm_watch(nodes->inotify, wd);
}

int node_watch(struct nodes *nodes, struct node *node, enum node_watch kind,
	       int dir, const struct hierarchy *h)
{
	static const unsigned int masks[NR_NODE_WATCHES] = {
		[NODE_CHILDREN] = IN_CREATE | IN_DELETE | IN_MOVE | IN_ONLYDIR,
		[NODE_CONTROL] = IN_MODIFY,
		[NODE_LIMIT] = IN_MODIFY,
	};
	const char * const files[NR_NODE_WATCHES] = {
		[NODE_CHILDREN] = ".",
		[NODE_CONTROL] = "cgroup.subtree_control",
		[NODE_LIMIT] = attr_file(h, ATTR_LIMIT),
	};
	struct watch *watch;
	char *path;
	int wd;

	/* Of the directory that is open, whatever has its name by now. */
	path = format("/proc/self/fd/%d/%s", dir, files[kind]);
	wd = inotify_add_watch(nodes->inotify, path, masks[kind]);
	free(path);
	if (wd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (wd == node->wd[kind])
		return 0;
	node_unwatch(nodes, node, kind);
	watch = find_watch(nodes, wd);
	if (watch) {
		watch->node->wd[watch->kind] = -1;
	} else {
		watch = allocated(malloc(sizeof(*watch)));
		watch->wd = wd;
		allocated(tsearch(watch, &nodes->by_wd, compare_watches));
	}
	watch->node = node;
	watch->kind = kind;
	node->wd[kind] = wd;
	return 0;
}
