// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "mem.h"
#include "runner.h"
#include "uring.h"

int uring_new(unsigned int entries, struct io_uring_params *params)
{
	int ring;

	memset(params, 0, sizeof(*params));
	ring = syscall(SYS_io_uring_setup, entries, params);
	if (ring < 0)
		skip_case("no io_uring: %s", strerror(errno));
	return ring;
}

void uring_pin(int ring, char *mem, size_t pages)
{
	struct iovec buffer = { mem, pages * page_size() };

	require(!syscall(SYS_io_uring_register, ring, IORING_REGISTER_BUFFERS,
			 &buffer, 1),
		"registering a buffer: %s", strerror(errno));
}

void uring_unpin(int ring)
{
	require(!syscall(SYS_io_uring_register, ring,
			 IORING_UNREGISTER_BUFFERS, NULL, 0),
		"unregistering the buffer: %s", strerror(errno));
}
