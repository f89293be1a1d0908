// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "fs.h"
#include "mem.h"
#include "migrate.h"
#include "runner.h"
#include "thp.h"

void migrate_make_file(struct actor *a)
{
	a->fd = fs_file("file", 0, 0);
	require(!ftruncate(a->fd, a->pages * page_size()), "ftruncate: %s",
		strerror(errno));
}

void migrate_map_anon(struct actor *a)
{
	a->mem = mem_anon(a->pages);
	mem_fill(a->mem, a->pages, MIGRATE_SEED);
}

void migrate_map_file(struct actor *a)
{
	a->mem = mem_file(a->fd, a->pages, MAP_SHARED);
	mem_fill(a->mem, a->pages, MIGRATE_SEED);
}

static void need_large(struct actor *a)
{
	mem_fill(a->mem, a->pages, MIGRATE_SEED);
	if (!thp_is_large(a->mem))
		skip_case("no huge page to be had");
}

void migrate_map_huge(struct actor *a)
{
	a->mem = thp_anon(a->pages);
	need_large(a);
}

void migrate_map_huge_file(struct actor *a)
{
	a->mem = thp_file(a->fd, a->pages);
	need_large(a);
}

void migrate_verify(struct actor *a)
{
	mem_verify(a->mem, a->pages, MIGRATE_SEED);
}
