// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded, it makes a directory of files a little more of a hierarchy: a
 * container that is made gets the files of the directory $FAKE_CONTAINER, and
 * one that has tasks or other containers can't be removed.  Signals can
 * interrupt what is written.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char fill[] = "cp \"$FAKE_CONTAINER\"/* \"$FAKE_PATH\"";

static const char empty[] =
	"cd \"$FAKE_PATH\" && [ -z \"$(find . -mindepth 1 -type d)\" ] || exit\n"
	"for pid in $(cat cgroup.procs); do\n"
	"	! grep -qs '^State:.[^Z]' \"/proc/$pid/status\" || exit\n"
	"done\n"
	"rm -r \"$FAKE_PATH\"\n";

/* Only what is tested, and nothing that it starts, lives with this. */
static void __attribute__((constructor)) init(void)
{
	unsetenv("LD_PRELOAD");
}

static int shell(const char *command, int dir, const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d/%s", getpid(), dir, name);
	setenv("FAKE_PATH", path, 1);
	return system(command);
}

/* A signal comes at the first write() of this text. */
ssize_t write(int fd, const void *text, size_t size)
{
	static const char *at;

	if (!at)
		at = getenv("FAKE_SIGNAL_AT") ?: "";
	if (*at && size == strlen(at) && !memcmp(text, at, size)) {
		at = "";
		errno = EINTR;
		return -1;
	}
	return syscall(SYS_write, fd, text, size);
}

int mkdirat(int dir, const char *name, mode_t mode)
{
	if (syscall(SYS_mkdirat, dir, name, mode))
		return -1;
	return shell(fill, dir, name);
}

int unlinkat(int dir, const char *name, int flags)
{
	if (!(flags & AT_REMOVEDIR))
		return syscall(SYS_unlinkat, dir, name, flags);
	if (faccessat(dir, name, F_OK, 0))
		return -1;
	shell(empty, dir, name);
	if (faccessat(dir, name, F_OK, 0))
		return 0;
	errno = EBUSY;
	return -1;
}
