// SPDX-License-Identifier: GPL-2.0
/*
 * Device memory: private memory of an accelerator, which the kernel's test_hmm
 * emulates, and files on persistent memory, which are mapped without page
 * cache (DAX; a kernel parameter such as memmap=64M!512M takes that from RAM).
 * None of it is counted.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>

#include "../../../../lib/test_hmm_uapi.h"
#include "fs.h"
#include "mem.h"
#include "ops.h"
#include "runner.h"
#include "steps.h"

#define N	64

/*
 * The driver works on the process that opens it; a second region shows what it
 * has of a page.
 */
static void map_and_open(struct actor *a)
{
	op_map_anon(a);
	a->more = mem_anon(N);
	mem_fill(a->more, N, N);
	a->fd = open("/dev/hmm_dmirror0", O_RDWR | O_CLOEXEC);
	if (a->fd < 0)
		skip_case("no test_hmm: %s", strerror(errno));
}

static void command(struct actor *a, unsigned long request, const char *what)
{
	struct hmm_dmirror_cmd cmd = {
		.addr = (uintptr_t)a->mem,
		.ptr = (uintptr_t)a->more,
		.npages = N,
	};

	require(!ioctl(a->fd, request, &cmd), "%s: %s", what, strerror(errno));
	require(cmd.cpages == N, "%s: %llu of %d pages", what,
		(unsigned long long)cmd.cpages, N);
	mem_verify(a->more, N, 0);
}

static void move_to_device(struct actor *a)
{
	command(a, HMM_DMIRROR_MIGRATE_TO_DEV, "to the device");
}

static void move_back(struct actor *a)
{
	command(a, HMM_DMIRROR_MIGRATE_TO_SYS, "back from the device");
}

static void test_private_memory(void)
{
	static const struct step steps[] = {
		{ "map", map_and_open, .anon = N },
		{ "write", op_write, .anon = N },
		{ "move to the device", move_to_device, .anon = -N },
		{ "move back", move_back, .anon = N },
		{ "move to the device", move_to_device, .anon = -N },
		{ "fault it back", op_verify, .anon = N },
		{ "move to the device", move_to_device, .anon = -N },
		{ "unmap what the device has", op_unmap },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	take_steps(actor, 1, 1, steps);
}

static void use_alone(struct actor *a)
{
	command(a, HMM_DMIRROR_EXCLUSIVE, "exclusive use");
}

/*
 * The pages stay in RAM and count as mapped, but are temporarily not present in
 * the page tables.
 */
static void test_exclusive_use(void)
{
	static const struct step steps[] = {
		{ "map", map_and_open, .anon = N },
		{ "write", op_write, .anon = N },
		{ "let the device use it alone", use_alone, .unseen = N },
		{ "verify", op_verify, .unseen = -N },
		{ "let the device use it alone", use_alone, .unseen = N },
		{ "unmap", op_unmap, .anon = -N, .unseen = -N },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	take_steps(actor, 1, 1, steps);
}

static void expect_mapped(struct actor *a)
{
	size_t i;

	for (i = 0; i < N; i++)
		require(mem_is_mapped(a->mem + i * page_size()),
			"page %zu is not mapped", i);
}

static void test_dax(void)
{
	static const struct step steps[] = {
		{ "map", op_map_file },
		{ "verify", op_verify },
		{ "look at the page tables", expect_mapped },
		{ "write", op_write },
		{ "unmap", op_unmap },
		{ "map for copying", op_map_file_private },
		{ "verify", op_verify },
		{ "copy", op_write, .anon = N },
		{ "unmap", op_unmap, .anon = -N },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	fs_mount_dax();
	actor->fd = fs_file("file", N, 0);
	take_steps(actor, 1, 1, steps);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_private_memory),
		T(test_exclusive_use),
		T(test_dax),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
