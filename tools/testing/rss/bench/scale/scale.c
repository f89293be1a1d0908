// SPDX-License-Identifier: GPL-2.0-only
/*
 * scale SECONDS WORKERS [CONTAINER...|threads]: processes that only fault in
 * and unmap anonymous pages, all at once; prints the total number of pages per
 * second. Worker N first moves to the Nth CONTAINER, or to the last one if
 * there are fewer. With "threads" for CONTAINER, the workers are threads of
 * one process, which is not moved.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGES		256
#define MOST_WORKERS	8

/* Shared with the workers. */
static struct shared {
	atomic_uint ready;
	atomic_bool go, stop;
	struct {
		unsigned long pages;
		char pad[128 - sizeof(unsigned long)];	/* own cache line */
	} worker[MOST_WORKERS];
} *shared;

static size_t page_size;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void *map(size_t size, int flags)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 flags | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED)
		die("mmap");
	return mem;
}

static void pin(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu % sysconf(_SC_NPROCESSORS_ONLN), &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("sched_setaffinity");
}

static void fault_once(void)
{
	volatile char *mem = map(PAGES * page_size, MAP_PRIVATE);
	unsigned int i;

	for (i = 0; i < PAGES; i++)
		mem[i * page_size] = 1;
	if (munmap((void *)mem, PAGES * page_size))
		die("munmap");
}

static void *work(void *arg)
{
	unsigned int me = (unsigned long)arg;

	pin(me);
	fault_once();
	atomic_fetch_add(&shared->ready, 1);
	while (!atomic_load(&shared->go))
		sched_yield();
	while (!atomic_load(&shared->stop)) {
		fault_once();
		shared->worker[me].pages += PAGES;
	}
	return NULL;
}

static void move_to(const char *container)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/cgroup.procs", container);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, "0", 1) != 1)
		die(path);
	close(fd);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static unsigned int parse(const char *text, unsigned int most)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*end || !value || value > most) {
		fprintf(stderr, "%s: not a number from 1 to %u\n", text, most);
		exit(2);
	}
	return value;
}

static void start(unsigned long me, bool threads, const char *container)
{
	pthread_t thread;
	pid_t pid;

	if (threads) {
		if (pthread_create(&thread, NULL, work, (void *)me))
			die("pthread_create");
		return;
	}
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid)
		return;
	if (container)
		move_to(container);
	work((void *)me);
	_exit(0);
}

int main(int argc, char **argv)
{
	unsigned int duration, workers, containers, i;
	unsigned long pages = 0;
	double begin, end;
	bool threads;

	if (argc < 3) {
		fprintf(stderr, "Usage: scale SECONDS WORKERS [CONTAINER...|threads]\n");
		return 2;
	}
	duration = parse(argv[1], 60);
	workers = parse(argv[2], MOST_WORKERS);
	containers = argc - 3;
	threads = containers == 1 && !strcmp(argv[3], "threads");
	page_size = sysconf(_SC_PAGESIZE);
	shared = map(sizeof(*shared), MAP_SHARED);

	for (i = 0; i < workers; i++)
		start(i, threads, containers ?
		      argv[3 + (i < containers ? i : containers - 1)] : NULL);
	while (atomic_load(&shared->ready) != workers)
		usleep(1000);

	begin = seconds();
	atomic_store(&shared->go, true);
	sleep(duration);
	atomic_store(&shared->stop, true);
	end = seconds();
	for (i = 0; i < workers; i++)
		pages += shared->worker[i].pages;
	printf("%.0f\n", pages / (end - begin));
	/* Processes in a container must be gone before the next start. */
	while (!threads && wait(NULL) > 0)
		;
	return 0;
}
