// SPDX-License-Identifier: GPL-2.0
/*
 * "rssctl run": a command in a container of its own.  That is "job", below a
 * container of the case; it must be gone when rssctl ends, whatever became of
 * the command.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "container.h"
#include "fs.h"
#include "hierarchy.h"
#include "keys.h"
#include "mem.h"
#include "runner.h"
#include "swap.h"
#include "tool.h"

static char *job;	/* the directory */

/* Its name for rssctl. */
static const char *job_name(void)
{
	char *parent;

	if (!job) {
		parent = container_new(NULL, "run");
		require(asprintf(&job, "%s/job", parent) > 0, "out of memory");
	}
	return container_path(job);
}

static void expect_gone(void)
{
	require(access(job, F_OK) && errno == ENOENT, "%s is still there", job);
}

static void run_shell(struct tool *t, const char *limit, const char *command)
{
	tool_run(t, "rssctl", "run", "-l", limit, "-n", job_name(), "--", "sh",
		 "-c", command, NULL);
	expect_gone();
}

static void test_status(void)
{
	struct tool t;

	run_shell(&t, "64M", "exit 42");
	tool_expect_status(&t, 42);
	run_shell(&t, "64M", "exit 0");
	tool_expect_status(&t, 0);
	run_shell(&t, "64M", "kill -USR1 $$");
	tool_expect_status(&t, 128 + SIGUSR1);
	require(!t.err[0], "it says '%s'", t.err);
}

/* The command itself is in the container, and the limit is in force. */
static void test_container(void)
{
	char command[PATH_MAX], want[64];
	struct tool t;

	job_name();
	snprintf(command, sizeof(command),
		 "cat %s/rss_limit; cat /proc/self/cgroup", job);
	run_shell(&t, "64M", command);
	tool_expect_status(&t, 0);
	snprintf(want, sizeof(want), "%zu\n", (64UL << 20) / page_size());
	require(!strncmp(t.out, want, strlen(want)), "limit '%s'", t.out);
	tool_expect_out(&t, container_path(job));
}

static void test_summary(void)
{
	struct tool t;

	tool_run(&t, "rssctl", "run", "-s", "-l", "64M", "-n", job_name(),
		 "true", NULL);
	tool_expect_status(&t, 0);
	tool_expect_err(&t, " of 64.0M, limit hit 0 times, 0 reclaimed");
	require(!strstr(t.err, "peak 0"), "it says '%s'", t.err);
}

static void test_oom(void)
{
	struct tool t;

	swap_none();
	run_shell(&t, "8M", "dd if=/dev/zero of=/dev/null bs=32M count=1");
	tool_expect_status(&t, 128 + SIGKILL);
}

static bool has_job(void)
{
	return !access(job, F_OK) && container_usage(job) > 0;
}

/* The shell says when its trap is set: a signal may come before, too. */
static void test_signal(void)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR2 };
	struct tool t;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(signals); i++) {
		tool_start(&t, "rssctl", "run", "-n", job_name(), "sh", "-c",
			   "trap 'echo caught; exit 7' TERM INT HUP USR2; "
			   "echo ready; while :; do sleep 0.1; done", NULL);
		require(wait_for((tool_look(&t), strstr(t.out, "ready"))),
			"not ready: '%s'", t.err);
		require(has_job(), "no container while it runs");
		kill(t.pid, signals[i]);
		tool_wait(&t);
		tool_expect_status(&t, 7);
		tool_expect_out(&t, "caught");
		expect_gone();
	}
}

/* Who types Ctrl-C means the command, which gets it from the terminal. */
static void test_interrupt(void)
{
	struct tool t;
	int terminal;

	terminal = tool_start_on_tty(&t, "rssctl", "run", "-n", job_name(),
				     "sh", "-c",
				     "trap 'echo caught' INT; echo ready; "
				     "while :; do sleep 0.1; done", NULL);
	require(wait_for((tool_look(&t), strstr(t.out, "ready"))),
		"not ready: '%s' '%s'", t.out, t.err);
	require(write(terminal, "\003", 1) == 1, "typing: %s",
		strerror(errno));
	require(wait_for((tool_look(&t), strstr(t.out, "caught"))),
		"not interrupted: '%s'", t.out);
	sleep(1);
	kill(t.pid, SIGUSR1);
	tool_wait(&t);
	tool_expect_status(&t, 128 + SIGUSR1);
	require(!strstr(strstr(t.out, "caught") + 1, "caught"),
		"interrupted twice: '%s'", t.out);
	expect_gone();
}

/* What the command leaves is killed, also in containers that it made. */
static void test_left_over(void)
{
	char command[3 * PATH_MAX];
	struct tool t;

	job_name();
	snprintf(command, sizeof(command),
		 "mkdir -p %s/a/b %s/c; sleep 1000 & echo $! > %s/a/b/tasks; "
		 "sleep 1000 & sleep 1000 &", job, job, job);
	run_shell(&t, "64M", command);
	tool_expect_status(&t, 0);
}

/*
 * The container is renamed and another one takes its name: the process in there
 * is a stranger, and what the command has left is in the renamed one.
 */
static void test_renamed(void)
{
	char command[5 * PATH_MAX], *renamed;
	struct tool stranger, t;

	job_name();
	tool_start(&stranger, "sleep", "1000", NULL);
	require(asprintf(&renamed, "%s-renamed", job) > 0, "out of memory");
	snprintf(command, sizeof(command),
		 "sleep 1000 & mv %s %s; mkdir %s; echo %d > %s/cgroup.procs",
		 job, renamed, job, stranger.pid, job);
	tool_run(&t, "rssctl", "run", "-n", job_name(), "sh", "-c", command,
		 NULL);
	tool_expect_status(&t, 0);
	require(access(renamed, F_OK), "%s is still there", renamed);
	require(!access(job, F_OK), "%s is gone", job);
	require(proc_state(stranger.pid) == 'S', "the stranger was killed");
	kill(stranger.pid, SIGKILL);
	tool_wait(&stranger);
	container_remove(job);
	free(renamed);
}

/* A container that nobody named is below the one that rssctl is in. */
static void test_below_own(void)
{
	char *parent = container_new(NULL, "own"), command[2 * PATH_MAX];
	char want[PATH_MAX];
	struct tool t;

	container_move(parent, 0);
	tool_run(&t, "rssctl", "run", "cat", "/proc/self/cgroup", NULL);
	tool_expect_status(&t, 0);
	snprintf(want, sizeof(want), "%s/run-%d\n", container_path(parent),
		 t.pid);
	tool_expect_out(&t, want);

	/* One of that name has been left, or is another namespace's. */
	snprintf(command, sizeof(command),
		 "mkdir %s/run-$$; exec rssctl run cat /proc/self/cgroup",
		 parent);
	tool_run(&t, "sh", "-c", command, NULL);
	tool_expect_status(&t, 0);
	snprintf(want, sizeof(want), "%s/run-%d-2\n", container_path(parent),
		 t.pid);
	tool_expect_out(&t, want);
	container_move(container_root(), 0);
}

static void test_cannot_start(void)
{
	struct tool t;
	char *parent;
	int fd;

	tool_run(&t, "rssctl", "run", "-n", job_name(), "no-such-program",
		 NULL);
	tool_expect_status(&t, 127);
	tool_expect_err(&t, "no-such-program: No such file");
	expect_gone();

	fd = fs_file("not-a-program", 1, 0);
	fchmod(fd, 0600);
	parent = cg_name(fs_scratch(), "files/not-a-program");
	tool_run(&t, "rssctl", "run", "-n", job_name(), parent, NULL);
	tool_expect_status(&t, 126);
	expect_gone();
	free(parent);
}

static void test_bad_name(void)
{
	struct tool t;
	char *missing;

	missing = cg_name(job_name(), "x");
	tool_run(&t, "rssctl", "run", "-n", missing, "true", NULL);
	tool_expect_status(&t, 125);
	tool_expect_err(&t, "no such container: ");

	require(!mkdir(job, 0700), "mkdir %s: %s", job, strerror(errno));
	tool_run(&t, "rssctl", "run", "-n", job_name(), "true", NULL);
	tool_expect_status(&t, 125);
	tool_expect_err(&t, "container exists: ");
	require(!access(job, F_OK), "a container that was there is gone");

	tool_run(&t, "rssctl", "run", "-l", "12x", "true", NULL);
	tool_expect_status(&t, 125);
	tool_expect_err(&t, "12x");
	free(missing);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_status),
		T(test_container),
		T(test_summary),
		T(test_oom),
		T(test_signal),
		T(test_interrupt),
		T(test_left_over),
		T(test_renamed),
		T(test_below_own),
		T(test_cannot_start),
		T(test_bad_name),
	};

	hierarchy_use(1);
	return run_cases(cases, ARRAY_SIZE(cases));
}
