// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attr.h"
#include "clock.h"
#include "command.h"
#include "execute.h"
#include "lifecycle.h"
#include "message.h"
#include "place.h"
#include "status.h"
#include "summary.h"

struct signals {
	sigset_t inherited;	/* mask, for the command */
	int fd;
};

/* All that can be passed on, and SIGCHLD. Errors of rssctl are its own. */
static void signals_of_interest(sigset_t *set)
{
	static const int others[] = {
		SIGTTIN, SIGTTOU, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP,
		SIGSYS, SIGABRT,
	};
	size_t i;

	sigfillset(set);
	for (i = 0; i < ARRAY_SIZE(others); i++)
		sigdelset(set, others[i]);
}

/*
 * From now on they don't end rssctl, which has a container to remove; nor does
 * SIGPIPE for what it tells.
 */
static void take_signals(struct signals *s)
{
	sigset_t set;

	signals_of_interest(&set);
	sigprocmask(SIG_BLOCK, &set, &s->inherited);
	/* With SIGCHLD ignored, there is no exit status. */
	signal(SIGCHLD, SIG_DFL);
	s->fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (s->fd < 0)
		fail(STATUS_FAILED, "signalfd: %s", strerror(errno));
}

/* A terminal sends these to the process group in its foreground. */
static bool has_got(pid_t pid, const struct signalfd_siginfo *info)
{
	switch (info->ssi_signo) {
	case SIGINT:
	case SIGQUIT:
	case SIGTSTP:
	case SIGWINCH:
		return info->ssi_code == SI_KERNEL &&
		       getpgid(pid) == getpgrp();
	default:
		return false;
	}
}

/*
 * The command has stopped: so does rssctl, for the shell that can continue both.
 * If there is none, nothing happens.
 */
static void stop(void)
{
	sigset_t set, pending;

	/* Not if it has been continued meanwhile. */
	if (!sigpending(&pending) && sigismember(&pending, SIGCONT))
		return;
	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	raise(SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

/* Passes signals on until the command ends; returns its wait status. */
static int wait_for(pid_t pid, int signals)
{
	struct signalfd_siginfo info;
	int status;

	while (read(signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo != SIGCHLD) {
			if (!has_got(pid, &info))
				kill(pid, info.ssi_signo);
			continue;
		}
		if (waitpid(pid, &status, WNOHANG | WUNTRACED) != pid)
			continue;
		if (!WIFSTOPPED(status))
			return status;
		stop();
	}
	fail(STATUS_FAILED, "signalfd: %s", strerror(errno));
}

static int run_in(const struct container *c, const struct signals *s,
		  char **argv)
{
	pid_t pid = fork();

	if (pid < 0) {
		message(LOG_ERR, "starting %s: %s", argv[0], strerror(errno));
		return -1;
	}
	if (!pid) {
		sigprocmask(SIG_SETMASK, &s->inherited, NULL);
		execute_in(c, argv);
	}
	return wait_for(pid, s->fd);
}

/* The summary comes last: its reader may be slow. */
static void clean_up(struct container *c, struct summary *summary)
{
	unsigned long long kills;
	int err;

	summary_take(summary, c);
	kills = summary->record.value[ATTR_OOM_KILL];
	err = container_remove(c);
	if (kills)
		message(LOG_NOTICE, "%s: the OOM killer took %llu task%s",
			c->name, kills, kills == 1 ? "" : "s");
	if (err)
		message(LOG_ERR, "removing %s: %s", c->name, strerror(-err));
	container_close(c);
}

static int exit_status(int status)
{
	if (status == -1)
		return STATUS_RUN_FAILED;
	if (WIFSIGNALED(status))
		return STATUS_RUN_SIGNAL + WTERMSIG(status);
	return WEXITSTATUS(status);
}

static void make(struct container *c, const struct hierarchy *h,
		 const char *parent, const char *name)
{
	char *own;

	if (name) {
		container_make(c, h, name);
		return;
	}
	own = format("run-%d", getpid());
	container_make_some(c, h, parent, own);
	free(own);
}

/* Where the summary goes, opened before it is needed; NULL for nowhere. */
static FILE *open_output(const char *path, bool wanted)
{
	FILE *file;

	if (!path)
		return wanted ? stderr : NULL;
	file = fopen(path, "we");
	if (!file)
		fail(STATUS_FAILED, "%s: %s", path, strerror(errno));
	return file;
}

static void summarize(struct summary *summary, FILE *output, bool json)
{
	if (!output) {
		free(summary->name);
		return;
	}
	summary_print(summary, output, json);
	if (fflush(output))
		message(LOG_ERR, "cannot write the summary");
}

static int run_command(struct command_line *cl)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "limit", required_argument, NULL, 'l' },
		{ "name", required_argument, NULL, 'n' },
		{ "output", required_argument, NULL, 'o' },
		{ "summary", no_argument, NULL, 's' },
		{ "watermark", required_argument, NULL, 'w' },
		{ }
	};
	struct share max = SHARE_UNLIMITED, watermark = SHARE_UNLIMITED;
	bool json = false, wanted = false;
	struct summary summary = { };
	const char *path = NULL;
	FILE *output;
	int option, status;
	char *parent = NULL, **argv;
	const char *name = NULL;
	struct signals signals;
	struct container c;

	fail_only_with(STATUS_RUN_FAILED);
	while ((option = command_option(cl, options, true)) > 0) {
		if (option == 'l')
			max = command_share(cl, optarg);
		else if (option == 'w')
			watermark = command_share(cl, optarg);
		else if (option == 'j')
			json = true;
		else if (option == 's')
			wanted = true;
		else if (option == 'o')
			path = optarg;
		else
			name = optarg;
	}
	max.value = share_of_memory(max);
	watermark.value = command_share_of_limit(cl, watermark, max.value);
	argv = command_arguments(cl, 1, cl->argc);
	output = open_output(path, wanted || json);
	if (!name)
		parent = place_below_own(&cl->h, cl->argv);
	take_signals(&signals);
	make(&c, &cl->h, parent, name);
	free(parent);
	container_begin_with(&c, ATTR_LIMIT, max.value);
	container_begin_with(&c, ATTR_WATERMARK, watermark.value);
	summary.seconds = monotonic_seconds();
	status = exit_status(run_in(&c, &signals, argv));
	summary.seconds = monotonic_seconds() - summary.seconds;
	summary.status = status;
	clean_up(&c, &summary);
	summarize(&summary, output, json);
	close(signals.fd);
	return status;
}

const struct command command_run = {
	.name = "run",
	.arguments = "[--] COMMAND [ARGUMENT]...",
	.summary = "Runs a command in a container of its own",
	.options = "  -j, --json          the summary as JSON\n"
		   "  -l, --limit SIZE    limit of the container; unlimited if not given\n"
		   "  -n, --name NAME     its name; if not given, run-PID below where rssctl is\n"
		   "  -o, --output FILE   write the summary there instead of stderr\n"
		   "  -s, --summary       tell what the command has used\n"
		   "  -w, --watermark SIZE  its watermark; none if not given\n",
	.run = run_command,
};
