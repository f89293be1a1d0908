// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "mem.h"
#include "ops.h"
#include "runner.h"

void op_map_anon(struct actor *a)
{
	a->mem = mem_anon(a->pages);
}

void op_map_shared_anon(struct actor *a)
{
	a->mem = mem_shared(a->pages);
}

void op_map_file(struct actor *a)
{
	a->mem = mem_file(a->fd, a->pages, MAP_SHARED);
}

void op_map_file_private(struct actor *a)
{
	a->mem = mem_file(a->fd, a->pages, MAP_PRIVATE);
}

void op_read(struct actor *a)
{
	mem_read(a->mem, a->pages);
}

void op_read_first(struct actor *a)
{
	mem_read(a->mem, 1);
}

void op_write(struct actor *a)
{
	mem_fill(a->mem, a->pages, 0);
}

void op_write_first(struct actor *a)
{
	mem_fill(a->mem, 1, 0);
}

void op_write_first_half(struct actor *a)
{
	mem_fill(a->mem, a->pages / 2, 0);
}

void op_verify(struct actor *a)
{
	mem_verify(a->mem, a->pages, 0);
}

void op_unmap(struct actor *a)
{
	mem_unmap(a->mem, a->pages);
}

void op_unmap_first_half(struct actor *a)
{
	mem_unmap(a->mem, a->pages / 2);
}

void op_unmap_last_half(struct actor *a)
{
	mem_unmap(a->mem + a->pages / 2 * page_size(), a->pages / 2);
}

void op_drop(struct actor *a)
{
	mem_advise(a->mem, a->pages, MADV_DONTNEED);
}

void op_page_out(struct actor *a)
{
	mem_advise(a->mem, a->pages, MADV_PAGEOUT);
}

void fork_protected(struct actor *a, child_fn fn)
{
	require(!mprotect(a->mem, a->pages * page_size(), PROT_READ),
		"mprotect: %s", strerror(errno));
	child_fork(&a->forked, fn, a);
}

void op_step_forked(struct actor *a)
{
	child_step(&a->forked);
}

void op_finish_forked(struct actor *a)
{
	child_finish(&a->forked);
}
