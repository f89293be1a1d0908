// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "mem.h"
#include "runner.h"
#include "uffd.h"

static struct uffdio_range range(const char *mem, size_t pages)
{
	return (struct uffdio_range){ (uintptr_t)mem, pages * page_size() };
}

int uffd_open(__u64 features)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (uffd < 0)
		skip_case("no userfaultfd: %s", strerror(errno));
	if (ioctl(uffd, UFFDIO_API, &api))
		skip_case("no userfaultfd with features %#llx",
			  (unsigned long long)features);
	return uffd;
}

void uffd_register(int uffd, char *mem, size_t pages, __u64 mode)
{
	struct uffdio_register reg = { range(mem, pages), mode };

	if (ioctl(uffd, UFFDIO_REGISTER, &reg))
		skip_case("cannot register with mode %#llx: %s",
			  (unsigned long long)mode, strerror(errno));
}

/* The kernel leaves the bytes done, or -errno, in the last field. */
static ssize_t done(int ret, __s64 field)
{
	if (!ret || field > 0)
		return field / (ssize_t)page_size();
	return field ?: -errno;
}

ssize_t uffd_copy(int uffd, char *to, const char *from, size_t pages)
{
	struct uffdio_copy copy = {
		.dst = (uintptr_t)to,
		.src = (uintptr_t)from,
		.len = pages * page_size(),
	};
	int ret = ioctl(uffd, UFFDIO_COPY, &copy);

	return done(ret, copy.copy);
}

ssize_t uffd_zero(int uffd, char *to, size_t pages)
{
	struct uffdio_zeropage zero = { .range = range(to, pages) };
	int ret = ioctl(uffd, UFFDIO_ZEROPAGE, &zero);

	return done(ret, zero.zeropage);
}

ssize_t uffd_continue(int uffd, char *to, size_t pages)
{
	struct uffdio_continue cont = { .range = range(to, pages) };
	int ret = ioctl(uffd, UFFDIO_CONTINUE, &cont);

	return done(ret, cont.mapped);
}

ssize_t uffd_move(int uffd, char *to, char *from, size_t pages)
{
	struct uffdio_move move = {
		.dst = (uintptr_t)to,
		.src = (uintptr_t)from,
		.len = pages * page_size(),
	};
	int ret = ioctl(uffd, UFFDIO_MOVE, &move);

	return done(ret, move.move);
}

void uffd_protect(int uffd, char *mem, size_t pages, bool protect)
{
	struct uffdio_writeprotect wp = {
		.range = range(mem, pages),
		.mode = protect ? UFFDIO_WRITEPROTECT_MODE_WP : 0,
	};

	require(!ioctl(uffd, UFFDIO_WRITEPROTECT, &wp), "UFFDIO_WRITEPROTECT: %s",
		strerror(errno));
}
