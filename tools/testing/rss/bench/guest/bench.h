/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared declarations of the benchmark. */
#ifndef _RSS_BENCH_H
#define _RSS_BENCH_H

#include <stddef.h>
#include <stdnoreturn.h>
#include <sys/types.h>

/**
 * struct row - one row of the table
 * @name: its name there
 * @unit: what is counted, such as a page
 * @units: number of units that @run does
 * @repeat: how often to run it; 0 for the default, 1 if the first time counts
 * @setup: prepares what all runs share; may be NULL
 * @run: does the work once and returns its cost by now()
 *
 * Each row has a process of its own, so no cleanup is needed.
 */
struct row {
	const char *name;
	const char *unit;
	unsigned int units;
	unsigned int repeat;
	void (*setup)(void);
	unsigned long (*run)(void);
};

/* Each ends with a row without a name. */
extern const struct row fault_rows[];
extern const struct row process_rows[];
extern const struct row huge_rows[];
extern const struct row limit_rows[];
extern const struct row first_rows[];
extern const struct row cgroup_rows[];
extern const struct row job_rows[];
extern const struct row removal_rows[];

/* clock.c */
void check_clock(void);
void count_idle(void);

/* now() without what count_idle() counts: all instructions, asleep or not */
unsigned long busy(void);

/* Instructions executed since the guest booted; check_clock() made sure. */
static inline unsigned long now(void)
{
	return __builtin_ia32_rdtsc();
}

/* memory.c */
extern size_t page_size;

#define FAULT_AROUND	"/sys/kernel/debug/fault_around_bytes"

void *map_at_home(size_t size, int prot, int flags, int fd);
void unmap(void *mem, size_t size);
void touch_read(const void *mem, size_t size);
void touch_write(void *mem, size_t size);
int make_file(const char *path, size_t size);
void write_setting(const char *path, const char *value);
unsigned long read_key(const char *path, const char *key);

/* The sum of the numbers in those lines of a file that match a scanf() format */
unsigned long sum_lines(const char *path, const char *format);

/* process.c */
void wait_for(pid_t pid);

/* A name under which the program exits at once */
#define EXIT_NAME	"exit"

/* main.c */
noreturn void die(const char *what);

#endif /* _RSS_BENCH_H */
