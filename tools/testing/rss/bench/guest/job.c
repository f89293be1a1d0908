// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rows: jobs, each a process that enters a cgroup below the working directory,
 * touches memory and exits. The kernel for comparison also creates, enters and
 * removes cgroups, but without a controller in them.
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

#define PAGES		16384
#define SIZE		(PAGES * page_size)

/*
 * A removed cgroup is freed within a third of this. All rows wait as long,
 * also with the kernel for comparison: ticks and checks cost something.
 */
#define WAIT_USEC	100000

static int fd = -1;

/*
 * A CPU keeps all pages that a job frees. The number returned to the zone
 * would vary with time, and so would the cost of the next job.
 */
static void setup_anon(void)
{
	write_setting("/proc/sys/vm/percpu_pagelist_high_fraction", "8");
	count_idle();
}

static void setup_tmpfs(void)
{
	fd = make_file("/tmp/job", SIZE);
	setup_anon();
}

/* It persists, and other rows use it, too. */
static void make_lasting(const char *name)
{
	if (mkdir(name, 0755) && errno != EEXIST)
		die(name);
}

static void make_turns(void)
{
	make_lasting("turn0");
	make_lasting("turn1");
}

static void setup_anon_turns(void)
{
	make_turns();
	setup_anon();
}

static void setup_tmpfs_turns(void)
{
	make_turns();
	setup_tmpfs();
}

static void touch_anon(void)
{
	touch_write(map_at_home(SIZE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1), SIZE);
}

static void touch_tmpfs(void)
{
	touch_write(map_at_home(SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd),
		    SIZE);
}

/* A process enters a cgroup, does @work, and exits. */
static void run_in(const char *procs, void (*work)(void))
{
	pid_t pid = fork();

	if (!pid) {
		write_setting(procs, "0");
		work();
		_exit(0);
	}
	wait_for(pid);
}

/* Removed cgroups count until all of their controllers' parts are freed. */
static unsigned long count_cgroups(void)
{
	return sum_lines("/proc/cgroups", "%*s %*u %lu");
}

static void make_job(void (*work)(void))
{
	if (mkdir("job", 0755))
		die("mkdir");
	run_in("job/cgroup.procs", work);
}

static void remove_job(unsigned long cgroups)
{
	if (rmdir("job"))
		die("rmdir");
	do {
		usleep(WAIT_USEC);
	} while (count_cgroups() > cgroups);
}

static unsigned long cost_of_job(void (*work)(void))
{
	unsigned long cgroups = count_cgroups();
	unsigned long start = busy();

	make_job(work);
	remove_job(cgroups);
	return busy() - start;
}

static unsigned long cost_of_removal(void (*work)(void))
{
	unsigned long cgroups = count_cgroups();
	unsigned long start;

	make_job(work);
	start = busy();
	remove_job(cgroups);
	return busy() - start;
}

static unsigned long cost_of_turn(void (*work)(void))
{
	static unsigned int turn;
	unsigned long start = busy();

	run_in(turn++ % 2 ? "turn1/cgroup.procs" : "turn0/cgroup.procs", work);
	return busy() - start;
}

static unsigned long run_anon(void)
{
	return cost_of_job(touch_anon);
}

static unsigned long run_tmpfs(void)
{
	return cost_of_job(touch_tmpfs);
}

static unsigned long run_anon_removal(void)
{
	return cost_of_removal(touch_anon);
}

static unsigned long run_tmpfs_removal(void)
{
	return cost_of_removal(touch_tmpfs);
}

static unsigned long run_anon_turn(void)
{
	return cost_of_turn(touch_anon);
}

static unsigned long run_tmpfs_turn(void)
{
	return cost_of_turn(touch_tmpfs);
}

#define ROW(what, prepare, loop)	\
	{ .name = what, .unit = "page", .units = PAGES, .repeat = 10,	\
	  .setup = prepare, .run = loop }

const struct row job_rows[] = {
	ROW("job in its own container, anonymous", setup_anon, run_anon),
	ROW("job in its own container, tmpfs", setup_tmpfs, run_tmpfs),
	ROW("two containers in turn, anonymous", setup_anon_turns, run_anon_turn),
	ROW("two containers in turn, tmpfs", setup_tmpfs_turns, run_tmpfs_turn),
	{ }
};

/* Part of a job: from rmdir until the container is freed. */
const struct row removal_rows[] = {
	ROW("removal after a job, anonymous", setup_anon, run_anon_removal),
	ROW("removal after a job, tmpfs", setup_tmpfs, run_tmpfs_removal),
	{ }
};
