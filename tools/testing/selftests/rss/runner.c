// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "audit.h"
#include "container.h"
#include "fs.h"
#include "mem.h"
#include "runner.h"
#include "swap.h"
#include "tunable.h"

/* A case that takes longer than this hangs. */
#define CASE_SECONDS	(2 * WAIT_SECONDS)

/* Shared with the cases and their children. */
static char *reason;
#define REASON_SIZE	512

static pid_t runner;
static bool interrupted;

/* The signals that the runner waits for; a case has its signals as usual. */
static sigset_t events;

void end_case(int result, const char *fmt, ...)
{
	char text[REASON_SIZE];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);

	if (getpid() == runner)
		ksft_exit_fail_msg("%s\n", text);
	if (!reason[0])
		memcpy(reason, text, sizeof(text));
	else
		ksft_print_msg("%s\n", text);
	fflush(stdout);
	_exit(result);
}

static void __noreturn case_process(void (*fn)(void))
{
	sigprocmask(SIG_UNBLOCK, &events, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(CASE_SECONDS);
	if (unshare(CLONE_NEWNS))
		fail_case("unshare: %s", strerror(errno));
	fn();
	fflush(stdout);
	_exit(KSFT_PASS);
}

static int case_result(int status)
{
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	if (!reason[0])
		snprintf(reason, REASON_SIZE, "%s",
			 WTERMSIG(status) == SIGALRM ? "timed out" :
			 strsignal(WTERMSIG(status)));
	return KSFT_FAIL;
}

/* Returns the status of a case; ends it early if the runner must end. */
static int wait_for_case(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (sigwaitinfo(&events, NULL) == SIGCHLD)
			continue;
		interrupted = true;
		kill(pid, SIGKILL);
	}
	return status;
}

/* Problems found after a case has ended make it fail. */
static int result_with(int result, const char *found)
{
	if (!found || result == KSFT_FAIL)
		return result;
	snprintf(reason, REASON_SIZE, "%s", found);
	return KSFT_FAIL;
}

static void run_case(const struct rss_case *test)
{
	int result;
	pid_t pid;

	reason[0] = 0;
	pid = fork();
	if (!pid)
		case_process(test->fn);
	result = case_result(wait_for_case(pid));
	/* With what the case left still there, and after all of it is gone. */
	result = result_with(result, audit_check());
	result = result_with(result, container_cleanup());
	swap_cleanup();
	tunable_restore();
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	result = result_with(result, audit_check());
	ksft_test_result_code(result, test->name, reason[0] ? "%s" : NULL,
			      reason);
}

/*
 * For rseq, the kernel writes to the thread's memory at any time, which copies
 * a page that was shared by fork().
 */
static void drop_rseq(void)
{
	char *area = (char *)__builtin_thread_pointer() + __rseq_offset;

	if (__rseq_size)
		syscall(SYS_rseq, area, sizeof(struct rseq),
			RSEQ_FLAG_UNREGISTER, RSEQ_SIG);
}

/* RSS_CASES in the environment, if set, lists the only cases to run. */
static bool case_chosen(const char *name)
{
	const char *at = getenv("RSS_CASES");
	size_t len = strlen(name);

	if (!at)
		return true;
	for (; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (!strncmp(at, name, len) && (!at[len] || at[len] == ','))
			return true;
	}
	return false;
}

int run_cases(const struct rss_case *cases, unsigned int nr)
{
	const char *why;
	unsigned int i;

	ksft_print_header();
	if (geteuid())
		ksft_exit_skip("needs root\n");
	runner = getpid();
	reason = mem_shared(1);
	swap_init();
	tunable_init();
	fs_init();
	why = container_init();
	if (why) {
		fs_exit();
		ksft_exit_skip("%s\n", why);
	}
	audit_init();
	ksft_set_plan(nr);

	/* Orphans of a case are reparented here, to be reaped. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	sigemptyset(&events);
	sigaddset(&events, SIGCHLD);
	sigaddset(&events, SIGINT);
	sigaddset(&events, SIGTERM);
	sigprocmask(SIG_BLOCK, &events, NULL);

	drop_rseq();
	/*
	 * Map all of the program here, outside any container: its text and
	 * data are then charged to no container that runs it.
	 */
	mem_settle();

	for (i = 0; i < nr; i++) {
		if (interrupted)
			ksft_test_result_skip("%s interrupted\n",
					      cases[i].name);
		else if (!case_chosen(cases[i].name))
			ksft_test_result_skip("%s not in RSS_CASES\n",
					      cases[i].name);
		else
			run_case(&cases[i]);
	}

	container_exit();
	fs_exit();
	ksft_finished();
}
