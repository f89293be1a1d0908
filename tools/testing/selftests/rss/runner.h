/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Runs the cases of a test program and prints KTAP.
 *
 * Each case runs in a process of its own, which exits when a check fails. What
 * a case may leave behind (tasks, containers, mounts, swap) is cleaned up from
 * outside, however it ended. A case fails if, without its tasks, a container
 * has a usage other than 0, or if the kernel's audit then finds a difference.
 */
#ifndef RSS_RUNNER_H
#define RSS_RUNNER_H

#include <stdbool.h>
#include <unistd.h>

#include "../kselftest.h"

/* No wait is longer than this; sanitizers in an emulator are slow. */
#define WAIT_SECONDS	120
#define WAIT_POLL_US	5000
#define WAIT_POLLS	(WAIT_SECONDS * (1000000 / WAIT_POLL_US))

struct rss_case {
	void (*fn)(void);
	const char *name;
	/* Instead of @fn: a case that exists in several variants. */
	void (*fn_of)(const void *variant);
	const void *variant;
};

#define T(x)	{ x, #x }
#define V(x, v)	{ .name = #x "." #v, .fn_of = x, .variant = &(v) }

/* The main() of a test program: returns the exit status. */
int run_cases(const struct rss_case *cases, unsigned int nr);

/* The cases of one file, for a program of several files. */
struct rss_suite {
	const char *name;	/* prefix of the names of its cases */
	const struct rss_case *cases;
	unsigned int nr;
	bool v1_only;		/* skipped on cgroup v2 */
};

/* The same as run_cases() for all suites of a program. */
int run_suites(const struct rss_suite * const *suites, unsigned int nr);

/*
 * Ends the case, from its own process or a child of it: the first text becomes
 * the reason in the result line.
 */
void __noreturn __printf(2, 3) end_case(int result, const char *fmt, ...);

#define fail_case(...) end_case(KSFT_FAIL, __VA_ARGS__)
#define skip_case(...) end_case(KSFT_SKIP, __VA_ARGS__)

#define require(cond, fmt, ...)						\
do {									\
	if (!(cond))							\
		fail_case("%s:%d: " fmt, __FILE__, __LINE__, ##__VA_ARGS__); \
} while (0)

/* Polls @cond: true as soon as it holds, false if it never does. */
#define wait_for(cond)							\
({									\
	int polls_ = WAIT_POLLS;					\
	bool holds_;							\
									\
	while (!(holds_ = (cond)) && polls_--)				\
		usleep(WAIT_POLL_US);					\
	holds_;								\
})

/* Polls @cond for @ms milliseconds: true if it held each time. */
#define holds_for(cond, ms)						\
({									\
	int polls_ = (ms) * 1000 / WAIT_POLL_US;			\
	bool holds_;							\
									\
	while ((holds_ = (cond)) && polls_--)				\
		usleep(WAIT_POLL_US);					\
	holds_;								\
})

#endif
