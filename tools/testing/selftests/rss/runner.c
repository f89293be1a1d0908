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
#include "hierarchy.h"
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

static void __noreturn case_process(const struct rss_case *test)
{
	sigprocmask(SIG_UNBLOCK, &events, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(CASE_SECONDS);
	if (unshare(CLONE_NEWNS))
		fail_case("unshare: %s", strerror(errno));
	if (test->fn_of)
		test->fn_of(test->variant);
	else
		test->fn();
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

static void run_case(const struct rss_case *test, const char *name)
{
	int result;
	pid_t pid;

	reason[0] = 0;
	pid = fork();
	if (!pid)
		case_process(test);
	result = case_result(wait_for_case(pid));
	/* With what the case left still there, and after all of it is gone. */
	result = result_with(result, audit_check());
	result = result_with(result, container_cleanup());
	swap_cleanup();
	tunable_restore();
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	result = result_with(result, audit_check());
	ksft_test_result_code(result, name, reason[0] ? "%s" : NULL, reason);
}

/* Sizes of the area that a C library may have registered */
#define RSEQ_STEP	32
#define RSEQ_MOST	1024

/*
 * For rseq, the kernel writes to the thread's memory at any time, which copies
 * a page that was shared by fork().
 */
static void drop_rseq(void)
{
	char *area = (char *)__builtin_thread_pointer() + __rseq_offset;
	unsigned int size;

	if (!__rseq_size)
		return;
	/* The size must be the registered one, which glibc does not tell. */
	for (size = RSEQ_STEP; size <= RSEQ_MOST; size += RSEQ_STEP)
		if (!syscall(SYS_rseq, area, size, RSEQ_FLAG_UNREGISTER,
			     RSEQ_SIG))
			return;
	ksft_exit_fail_msg("rseq: %s\n", strerror(errno));
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

static void run_suite(const struct rss_suite *suite)
{
	const struct rss_case *test;
	char name[128];

	for (test = suite->cases; test < suite->cases + suite->nr; test++) {
		snprintf(name, sizeof(name), "%s%s%s", suite->name ?: "",
			 suite->name ? "." : "", test->name);
		if (interrupted)
			ksft_test_result_skip("%s interrupted\n", name);
		else if (!case_chosen(name))
			ksft_test_result_skip("%s not in RSS_CASES\n", name);
		else if (suite->v1_only && hierarchy_is_v2())
			ksft_test_result_skip("%s only for cgroup v1\n", name);
		else
			run_case(test, name);
	}
}

int run_suites(const struct rss_suite * const *suites, unsigned int nr)
{
	unsigned int i, cases = 0;
	const char *why;

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
	for (i = 0; i < nr; i++)
		cases += suites[i]->nr;
	ksft_set_plan(cases);

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

	for (i = 0; i < nr; i++)
		run_suite(suites[i]);

	container_exit();
	fs_exit();
	ksft_finished();
}

int run_cases(const struct rss_case *cases, unsigned int nr)
{
	const struct rss_suite suite = { .cases = cases, .nr = nr };
	const struct rss_suite *suites[] = { &suite };

	return run_suites(suites, 1);
}
