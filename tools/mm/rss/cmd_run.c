// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attr.h"
#include "command.h"
#include "file.h"
#include "lifecycle.h"
#include "message.h"
#include "size.h"
#include "status.h"

static void limit(const struct container *c, enum attr id,
		  unsigned long long value)
{
	int err, status;

	if (value == SIZE_UNLIMITED)
		return;
	err = attr_write(c->h, c->dir, id, value);
	if (!err)
		return;
	status = container_explain(c, attr_file(c->h, id), err);
	container_remove(c->h, c->name);
	quit(status);
}

/*
 * All that can be passed on, and SIGCHLD. Stopping and continuing works by
 * itself with job control; errors of rssctl are its own.
 */
static void signals_of_interest(sigset_t *set)
{
	static const int others[] = {
		SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT, SIGPIPE, SIGSEGV, SIGBUS,
		SIGILL, SIGFPE, SIGTRAP, SIGSYS, SIGABRT,
	};
	size_t i;

	sigfillset(set);
	for (i = 0; i < ARRAY_SIZE(others); i++)
		sigdelset(set, others[i]);
}

static __noreturn void
execute(const struct container *c, char **argv)
{
	int err = file_write(c->dir, "cgroup.procs", "0");

	if (err)
		container_fail(c, "cgroup.procs", err);
	execvp(argv[0], argv);
	fail_only_with(0);
	fail(errno == ENOENT ? STATUS_RUN_NOT_FOUND : STATUS_RUN_NOT_EXECUTABLE,
	     "%s: %s", argv[0], strerror(errno));
}

/*
 * Passes signals on until the command ends; returns its wait status. What a
 * terminal sends goes to the command as well as to rssctl already.
 */
static int wait_for(pid_t pid, int signals)
{
	struct signalfd_siginfo info;
	int status;

	while (read(signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD &&
		    waitpid(pid, &status, WNOHANG) == pid)
			return status;
		if (info.ssi_signo != SIGCHLD && info.ssi_code != SI_KERNEL)
			kill(pid, info.ssi_signo);
	}
	fail(STATUS_FAILED, "signalfd: %s", strerror(errno));
}

static int run_in(const struct container *c, char **argv)
{
	sigset_t set, old;
	int fd, status;
	pid_t pid;

	signals_of_interest(&set);
	sigprocmask(SIG_BLOCK, &set, &old);
	/* Whoever ignores SIGCHLD gets no status of a child. */
	signal(SIGCHLD, SIG_DFL);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	pid = fd < 0 ? -1 : fork();
	if (pid < 0) {
		message(LOG_ERR, "starting %s: %s", argv[0], strerror(errno));
		return -1;
	}
	if (!pid) {
		sigprocmask(SIG_SETMASK, &old, NULL);
		execute(c, argv);
	}
	status = wait_for(pid, fd);
	close(fd);
	return status;
}

static void tell_of_kills(const struct container *c)
{
	unsigned long long kills;

	if (!attr_read(c->h, c->dir, ATTR_OOM_KILL, &kills) && kills)
		message(LOG_NOTICE, "%s: the OOM killer took %llu task%s",
			c->name, kills, kills == 1 ? "" : "s");
}

static int exit_status(int status)
{
	if (status == -1)
		return STATUS_RUN_FAILED;
	if (WIFSIGNALED(status))
		return STATUS_RUN_SIGNAL + WTERMSIG(status);
	return WEXITSTATUS(status);
}

static int run_command(struct command_line *cl)
{
	static const struct option options[] = {
		{ "limit", required_argument, NULL, 'l' },
		{ "name", required_argument, NULL, 'n' },
		{ "watermark", required_argument, NULL, 'w' },
		{ }
	};
	unsigned long long max = SIZE_UNLIMITED, watermark = SIZE_UNLIMITED;
	int option, status, err;
	char *own = NULL, **argv;
	const char *name = NULL;
	struct container c;

	fail_only_with(STATUS_RUN_FAILED);
	while ((option = command_option(cl, options, true)) > 0) {
		if (option == 'l')
			max = command_size(cl, optarg);
		else if (option == 'w')
			watermark = command_size(cl, optarg);
		else
			name = optarg;
	}
	argv = command_arguments(cl, 1, cl->argc);
	if (!name)
		own = format("run-%d", getpid());
	container_make(&c, &cl->h, name ?: own);
	free(own);
	limit(&c, ATTR_LIMIT, max);
	limit(&c, ATTR_WATERMARK, watermark);
	status = run_in(&c, argv);
	tell_of_kills(&c);
	err = container_remove(&cl->h, c.name);
	if (err)
		message(LOG_ERR, "removing %s: %s", c.name, strerror(-err));
	container_close(&c);
	return exit_status(status);
}

const struct command command_run = {
	.name = "run",
	.arguments = "[--] COMMAND [ARGUMENT]...",
	.summary = "Runs a command in a container of its own",
	.options = "  -l, --limit SIZE    limit of the container; unlimited if not given\n"
		   "  -n, --name NAME     its name; run-PID if not given\n"
		   "  -w, --watermark SIZE  its watermark; none if not given\n",
	.run = run_command,
};
