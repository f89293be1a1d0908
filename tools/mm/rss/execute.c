// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "execute.h"
#include "file.h"
#include "message.h"
#include "status.h"

void execute_in(const struct container *c, char **argv)
{
	int err = file_write(c->dir, "cgroup.procs", "0");

	if (err == -EBUSY)
		fail(STATUS_RUN_FAILED,
		     "%s has containers below it, so cgroup v2 has no room for processes",
		     c->name);
	if (err)
		container_fail(c, "cgroup.procs", err);
	execvp(argv[0], argv);
	fail_only_with(0);
	fail(errno == ENOENT ? STATUS_RUN_NOT_FOUND : STATUS_RUN_NOT_EXECUTABLE,
	     "%s: %s", argv[0], strerror(errno));
}
