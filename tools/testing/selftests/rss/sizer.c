// SPDX-License-Identifier: GPL-2.0
#include <sys/mman.h>

#include "mem.h"
#include "runner.h"
#include "sizer.h"

static void resize(char *mem, size_t *now, size_t pages)
{
	char *end = mem + *now * page_size();

	if (pages > *now)
		mem_fill(end, pages - *now, 0);
	else if (pages < *now)
		mem_advise(mem + pages * page_size(), *now - pages,
			   MADV_DONTNEED);
	*now = pages;
}

static void child_sizer(struct child *self, void *arg)
{
	const struct sizer *sizer = arg;
	char *mem = mem_anon(sizer->most);
	struct sizer_order order;
	size_t now = 0;

	for (;;) {
		child_sync(self);
		order = *sizer->order;
		while (order.times-- > 0) {
			resize(mem, &now, order.swing);
			resize(mem, &now, order.pages);
		}
		resize(mem, &now, order.pages);
	}
}

void sizer_start(struct sizer *sizer, const char *container, size_t most)
{
	sizer->most = most;
	sizer->order = (struct sizer_order *)mem_shared(1);
	/* Touched here, so that it is charged to no container. */
	*sizer->order = (struct sizer_order){ 0 };
	child_start(&sizer->child, container, child_sizer, sizer);
}

void sizer_go(struct sizer *sizer, struct sizer_order order)
{
	require(order.pages <= sizer->most && order.swing <= sizer->most,
		"%zu pages are more than there are", order.pages);
	*sizer->order = order;
	child_go(&sizer->child);
}

void sizer_wait(struct sizer *sizer)
{
	require(child_wait(&sizer->child) == CHILD_SYNCED, "child %d ended",
		sizer->child.pid);
}

void sizer_set(struct sizer *sizer, size_t pages)
{
	sizer_go(sizer, (struct sizer_order){ .pages = pages });
	sizer_wait(sizer);
}
