// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "enable.h"
#include "message.h"
#include "status.h"
#include "supervisor.h"
#include "walk.h"

/* How long before what could not be watched is tried again, in seconds */
#define RETRY	60

/* How many buffers of changes are read at a time */
#define READS	16

static void poll_also(struct supervisor *s, int fd, void *what)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = what };

	if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event))
		fail(STATUS_FAILED, "epoll: %s", strerror(errno));
}

void supervisor_init(struct supervisor *s, const struct hierarchy *h, int fd)
{
	struct stat st;

	s->h = h;
	nodes_init(&s->nodes);
	TAILQ_INIT(&s->busy);
	TAILQ_INIT(&s->waiting);
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (s->epoll < 0 || fstat(h->fd, &st))
		fail(STATUS_FAILED, "epoll: %s", strerror(errno));
	poll_also(s, s->nodes.inotify, &s->nodes);
	poll_also(s, fd, s);
	s->root = node_new(&s->nodes, NULL, "/", st.st_ino);
}

static void lacks(struct supervisor *s, int err)
{
	if (!err || err == -ENOENT || err == -ENODEV)
		return;
	if (!s->lacking)
		s->again = monotonic_seconds() + RETRY;
	s->lacking = -err;
}

const char *supervisor_lacks(const struct supervisor *s)
{
	switch (s->lacking) {
	case 0:
		return NULL;
	case EMFILE:
		return "too many open files, see LimitNOFILE of systemd.exec(5)";
	case ENOSPC:
		return "too many watches, see fs.inotify.max_user_watches";
	default:
		return strerror(s->lacking);
	}
}

static void unlist(struct watched *w)
{
	if (w->list)
		TAILQ_REMOVE(w->list, w, entry);
	w->list = NULL;
}

static void enlist(struct watched_list *list, struct watched *w)
{
	TAILQ_INSERT_TAIL(list, w, entry);
	w->list = list;
}

static void forget(struct supervisor *s, struct node *node, bool unset)
{
	unlist(node->w);
	watched_free(node->w, unset && !s->policy.dry_run);
	node->w = NULL;
	s->nr--;
}

/* A file that is not of a kernel's has no events. */
static void poll_events(struct supervisor *s, struct watched *w)
{
	struct epoll_event event = {
		.events = EPOLLPRI | EPOLLET, .data.ptr = w,
	};

	if (w->polled || w->events < 0)
		return;
	if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, w->events, &event) &&
	    errno != EPERM)
		lacks(s, -errno);
	else
		w->polled = true;
}

/* Puts a container where its state wants it. Returns whether it still is. */
static bool settle(struct supervisor *s, struct watched *w)
{
	unlist(w);
	poll_events(s, w);
	if (w->state == WATCHED_IDLE && w->pending) {
		w->pending = false;
		watched_check(w, &s->policy);
	}
	switch (w->state) {
	case WATCHED_IDLE:
		break;
	case WATCHED_BUSY:
		enlist(&s->busy, w);
		break;
	case WATCHED_LATE:
	case WATCHED_WAITING:
		enlist(&s->waiting, w);
		break;
	case WATCHED_GONE:
		forget(s, w->node, false);
		return false;
	}
	return true;
}

/*
 * A limit is for all containers of a rule, on v2 also for those without the
 * controller: enabling it makes an event.
 */
static void enable_controller(struct supervisor *s, struct node *node)
{
	char *where;
	int err;

	/* Once: an administrator may disable it again. */
	if (node->enabled || s->h->version == 1)
		return;
	node->enabled = true;
	if (s->policy.dry_run) {
		message(LOG_NOTICE, "%s: would enable the rss controller",
			node->name);
		return;
	}
	err = enable_for(s->h, node->name, &where);
	if (err && err != -ENOENT)
		message(LOG_ERR, "%s: enabling the rss controller below it for %s: %s",
			where, node->name, strerror(-err));
	free(where);
}

/* Watches the container or not, as the rule says. */
static bool apply(struct supervisor *s, struct node *node,
		  const struct container *c, const struct rule *rule)
{
	if (!node->w) {
		int err;

		node->w = watched_new(c, &err);
		lacks(s, err);
		if (!node->w && !err && rule->has_limit)
			enable_controller(s, node);
		if (!node->w)
			return true;
		node->w->node = node;
		s->nr++;
	}
	watched_set(node->w, &s->policy, rule);
	return settle(s, node->w);
}

static void visit_one(struct supervisor *s, struct node *node, int dir)
{
	const struct container c = { s->h, node->name, dir };
	const struct config *config = &s->policy.config;
	bool was_there = node->w && node->w->state != WATCHED_LATE;
	const struct rule *rule = NULL;
	int err = 0;

	if (strcmp(node->name, "/"))
		rule = config_rule(config, node->name);
	/* Before the children are looked up: later ones make an event. */
	if (config_reaches_below(config, node->name)) {
		err = node_watch(&s->nodes, node, NODE_CHILDREN, dir, s->h);
		if (!err && s->h->version == 2)
			err = node_watch(&s->nodes, node, NODE_CONTROL, dir,
					 s->h);
	} else {
		node_unwatch(&s->nodes, node, NODE_CHILDREN);
		node_unwatch(&s->nodes, node, NODE_CONTROL);
	}
	/* Shares of the limit change with it. */
	if (rule && rule->has_marks && rule->high.is_percent && !err)
		err = node_watch(&s->nodes, node, NODE_LIMIT, dir, s->h);
	else
		node_unwatch(&s->nodes, node, NODE_LIMIT);
	lacks(s, err);
	if (!rule && node->w)
		forget(s, node, true);
	/* The files it had may be gone, and others in their place. */
	if (rule && !apply(s, node, &c, rule) && was_there)
		apply(s, node, &c, rule);
}

static void drop(struct supervisor *s, struct node *node)
{
	while (!LIST_EMPTY(&node->children))
		drop(s, LIST_FIRST(&node->children));
	if (node->w)
		forget(s, node, true);
	node_free(&s->nodes, node);
}

struct visit {
	struct supervisor *s;
	struct node *node;
};

static void visit(struct supervisor *s, struct node *node, int dir);

static int visit_child(int parent, const char *name, int dir, void *arg)
{
	struct visit *v = arg;
	struct supervisor *s = v->s;
	char *path = node_child_name(v->node, name);
	struct node *node = node_find(&s->nodes, path);
	struct stat st;

	(void)parent;
	if (fstat(dir, &st))
		st.st_ino = 0;
	if (node && node->ino != st.st_ino) {
		drop(s, node);
		node = NULL;
	}
	if (config_rule(&s->policy.config, path) ||
	    config_reaches_below(&s->policy.config, path)) {
		if (!node)
			node = node_new(&s->nodes, v->node, path, st.st_ino);
		node->seen = s->look;
		visit(s, node, dir);
	}
	free(path);
	return 0;
}

static void visit(struct supervisor *s, struct node *node, int dir)
{
	struct visit v = { s, node };
	struct node *child, *next;

	visit_one(s, node, dir);
	if (node->wd[NODE_CHILDREN] >= 0)
		lacks(s, children_each(dir, visit_child, &v));
	for (child = LIST_FIRST(&node->children); child; child = next) {
		next = LIST_NEXT(child, sibling);
		if (child->seen != s->look)
			drop(s, child);
	}
}

static void tell(const struct supervisor *s, int before)
{
	if (s->lacking && s->lacking != before)
		message(LOG_ERR, "watches only %zu containers: %s", s->nr,
			supervisor_lacks(s));
	else if (before && !s->lacking)
		message(LOG_NOTICE, "watches all %zu containers now", s->nr);
}

static void sync_all(struct supervisor *s)
{
	s->lacking = 0;
	s->look++;
	visit(s, s->root, s->h->fd);
}

void supervisor_sync(struct supervisor *s)
{
	int before = s->lacking;

	sync_all(s);
	tell(s, before);
}

static int open_node(struct supervisor *s, const char *name)
{
	const char *path = strcmp(name, "/") ? name : ".";
	int dir = openat(s->h->fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		lacks(s, -errno);
	return dir;
}

static void look_again(struct supervisor *s, struct node *node)
{
	int dir = open_node(s, node->name);

	if (dir < 0)
		return;
	visit_one(s, node, dir);
	close(dir);
}

/* Something has happened to the child of that name. */
static void look_at_child(struct supervisor *s, struct node *parent,
			  const char *name)
{
	char *path = node_child_name(parent, name);
	struct node *node = node_find(&s->nodes, path);
	struct visit v = { s, parent };
	int dir = open_node(s, path);
	struct stat st;

	free(path);
	if (dir < 0) {
		if (node && errno == ENOENT)
			drop(s, node);
		return;
	}
	if (!node || (!fstat(dir, &st) && st.st_ino != node->ino))
		visit_child(-1, name, dir, &v);
	close(dir);
}

/* Children have got the controller, or have it no more. */
static void look_at_children(struct supervisor *s, struct node *parent)
{
	int dir = open_node(s, parent->name);

	if (dir < 0)
		return;
	s->look++;
	visit(s, parent, dir);
	close(dir);
}

/* There is no second half, or it comes late. */
static void end_move(struct supervisor *s)
{
	struct node *node = s->moved ? node_find(&s->nodes, s->moved) : NULL;
	const char *slash = s->moved ? strrchr(s->moved, '/') : NULL;

	if (node && node->parent)
		look_at_child(s, node->parent, slash ? slash + 1 : s->moved);
	free(s->moved);
	s->moved = NULL;
}

static void move(struct supervisor *s, struct node *parent, const char *name)
{
	char *path = node_child_name(parent, name);
	struct node *node = node_find(&s->nodes, s->moved);
	struct node *there = node_find(&s->nodes, path);
	struct visit v = { s, parent };
	int dir;

	free(s->moved);
	s->moved = NULL;
	/* It may have been found there before. */
	if (!node || there || node->parent != parent) {
		free(path);
		if (node)
			drop(s, node);
		look_at_child(s, parent, name);
		return;
	}
	node_rename(&s->nodes, node, path);
	dir = open_node(s, path);
	if (dir < 0)
		return;
	s->look++;
	visit_child(-1, name, dir, &v);
	close(dir);
	/* Its new name may match no rule. */
	path = node_child_name(parent, name);
	node = node_find(&s->nodes, path);
	if (node && node->seen != s->look)
		drop(s, node);
	free(path);
}

static void handle_child(struct supervisor *s, struct node *node,
			 const struct inotify_event *event)
{
	if (!(event->mask & IN_ISDIR)) {
		look_again(s, node);
		return;
	}
	if (s->moved && event->mask & IN_MOVED_TO &&
	    event->cookie == s->moving) {
		move(s, node, event->name);
		return;
	}
	end_move(s);
	if (event->mask & IN_MOVED_FROM) {
		s->moving = event->cookie;
		s->moved = node_child_name(node, event->name);
		return;
	}
	look_at_child(s, node, event->name);
}

static void handle(struct supervisor *s, const struct inotify_event *event)
{
	enum node_watch kind;
	struct node *node;

	if (event->mask & IN_Q_OVERFLOW) {
		sync_all(s);
		return;
	}
	node = node_of_watch(&s->nodes, event->wd, &kind);
	if (!node)
		return;
	if (event->mask & IN_IGNORED) {
		node_watch_ended(&s->nodes, node, kind);
		if (kind != NODE_CHILDREN)
			look_again(s, node);
	} else if (kind == NODE_CHILDREN) {
		handle_child(s, node, event);
	} else if (kind == NODE_CONTROL) {
		look_at_children(s, node);
	} else {
		look_again(s, node);
	}
}

static void read_changes(struct supervisor *s)
{
	union {
		struct inotify_event event;
		char bytes[16384];
	} buffer;
	const struct inotify_event *event;
	int i, before = s->lacking;
	ssize_t len = 0, at;

	/* Not forever: signals and events are waiting. */
	for (i = 0; i < READS; i++) {
		len = read(s->nodes.inotify, &buffer, sizeof(buffer));
		if (len <= 0)
			break;
		for (at = 0; at < len; at += sizeof(*event) + event->len) {
			event = (const void *)(buffer.bytes + at);
			handle(s, event);
		}
	}
	if (len <= 0)
		end_move(s);
	tell(s, before);
}

bool supervisor_is_starting(const struct supervisor *s)
{
	const struct watched *w;

	TAILQ_FOREACH(w, &s->waiting, entry)
		if (w->state == WATCHED_LATE)
			return true;
	return false;
}

/* Milliseconds to sleep at most, -1 for no limit. */
static int longest_sleep(const struct supervisor *s)
{
	double least = s->lacking ? s->again : INFINITY;
	const struct watched *w;

	if (!TAILQ_EMPTY(&s->busy))
		return 0;
	TAILQ_FOREACH(w, &s->waiting, entry)
		least = fmin(least, w->until);
	if (isinf(least))
		return -1;
	return fmax(ceil((least - monotonic_seconds()) * 1000), 0);
}

static void check_waiting(struct supervisor *s)
{
	double now = monotonic_seconds();
	struct watched *w, *next;

	for (w = TAILQ_FIRST(&s->waiting); w; w = next) {
		next = TAILQ_NEXT(w, entry);
		if (w->until > now)
			continue;
		if (w->state == WATCHED_LATE) {
			look_again(s, w->node);
		} else {
			watched_check(w, &s->policy);
			settle(s, w);
		}
	}
}

static void give_turn(struct supervisor *s)
{
	struct watched *w = TAILQ_FIRST(&s->busy);

	if (!w)
		return;
	watched_turn(w, &s->policy);
	settle(s, w);
}

#define EVENTS	64

bool supervisor_step(struct supervisor *s)
{
	bool readable = false, changed = false;
	struct epoll_event events[EVENTS];
	struct watched *w;
	int i, nr;

	nr = epoll_wait(s->epoll, events, EVENTS, longest_sleep(s));
	if (nr < 0 && errno != EINTR)
		fail(STATUS_FAILED, "epoll: %s", strerror(errno));
	for (i = 0; i < nr; i++) {
		if (events[i].data.ptr == s) {
			readable = true;
		} else if (events[i].data.ptr == &s->nodes) {
			changed = true;
		} else {
			w = events[i].data.ptr;
			w->pending = true;
			if (w->state == WATCHED_IDLE)
				settle(s, w);
		}
	}
	check_waiting(s);
	give_turn(s);
	if (changed)
		read_changes(s);
	if (s->lacking && monotonic_seconds() >= s->again)
		supervisor_sync(s);
	return readable;
}

void supervisor_end(struct supervisor *s)
{
	drop(s, s->root);
	free(s->moved);
	close(s->epoll);
	close(s->nodes.inotify);
}
