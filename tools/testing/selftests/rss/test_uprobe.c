// SPDX-License-Identifier: GPL-2.0
/*
 * Uprobes: a probe puts a breakpoint into a private copy of a page of the
 * program in each process that runs it.
 *
 * Two processes, each in its own container, run a program from a new file: its
 * text belongs to the first.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/elf.h>
#include <stdio.h>
#include <string.h>

#include "child.h"
#include "container.h"
#include "fs.h"
#include "oracle.h"
#include "runner.h"
#include "tunable.h"

#if __SIZEOF_LONG__ == 8
#define elf_header	elf64_hdr
#define elf_segment	elf64_phdr
#else
#define elf_header	elf32_hdr
#define elf_segment	elf32_phdr
#endif

#define EVENTS	"/sys/kernel/tracing/"
#define PROBE	"rss_ksft/entry"

static char *containers[2];
static struct child children[2];

static void exec_program(struct child *self, void *arg)
{
	require(dup2(self->fd, STDIN_FILENO) == STDIN_FILENO &&
		dup2(self->fd, STDOUT_FILENO) == STDOUT_FILENO &&
		!execl(arg, "idle", NULL), "execl: %s", strerror(errno));
}

static void start(int i, const char *program)
{
	containers[i] = container_new(NULL, i ? "second" : "first");
	child_start(&children[i], containers[i], exec_program, (void *)program);
}

/* The file offset of the first instruction, which each process executes. */
static unsigned long entry_offset(const char *program)
{
	int fd = open(program, O_RDONLY | O_CLOEXEC);
	struct elf_header ehdr;
	struct elf_segment phdr;
	int i;

	require(fd >= 0 && pread(fd, &ehdr, sizeof(ehdr), 0) == sizeof(ehdr),
		"no header in %s", program);
	for (i = 0; i < ehdr.e_phnum; i++) {
		require(pread(fd, &phdr, sizeof(phdr),
			      ehdr.e_phoff + i * sizeof(phdr)) == sizeof(phdr),
			"no segment %d in %s", i, program);
		if (phdr.p_type == PT_LOAD &&
		    ehdr.e_entry - phdr.p_vaddr < phdr.p_filesz)
			break;
	}
	close(fd);
	require(i < ehdr.e_phnum, "no entry in %s", program);
	return ehdr.e_entry - phdr.p_vaddr + phdr.p_offset;
}

static void define_probe(const char *program)
{
	char text[PATH_MAX];

	snprintf(text, sizeof(text), "p:" PROBE " %s:0x%lx", program,
		 entry_offset(program));
	tunable_order(EVENTS "uprobe_events", text);
}

static void enable_probe(bool enable)
{
	tunable_set(EVENTS "events/" PROBE "/enable", enable ? "1" : "0");
}

static void remove_probe(void)
{
	tunable_order(EVENTS "uprobe_events", "-:" PROBE);
}

/* The total of the first @nr containers, by the oracle. */
static void compare(const char *when, int nr)
{
	long anon = 0, file = 0;
	struct oracle oracle;
	pid_t pids[2];
	int i;

	for (i = 0; i < nr; i++) {
		pids[i] = children[i].pid;
		anon += container_stat(containers[i], "anon");
		file += container_stat(containers[i], "file");
	}
	if (oracle_count(pids, nr, &oracle))
		skip_case("no /proc/kpagecount");
	require(anon == oracle.anon && file == oracle.file,
		"%s: anon %ld, file %ld instead of %ld and %ld", when, anon,
		file, oracle.anon, oracle.file);
}

struct counts {
	long anon[2];
	long file[2];
};

static void count(struct counts *counts)
{
	int i;

	for (i = 0; i < 2; i++) {
		counts->anon[i] = container_stat(containers[i], "anon");
		counts->file[i] = container_stat(containers[i], "file");
	}
}

static void expect_change(const char *when, const struct counts *before,
			  long anon, long file)
{
	struct counts now;
	int i;

	count(&now);
	for (i = 0; i < 2; i++)
		require(now.anon[i] == before->anon[i] + anon,
			"%s: anon of container %d became %ld, was %ld", when, i,
			now.anon[i], before->anon[i]);
	require(now.file[0] == before->file[0] + file &&
		now.file[1] == before->file[1],
		"%s: file became %ld and %ld, was %ld and %ld", when,
		now.file[0], now.file[1], before->file[0], before->file[1]);
	compare(when, 2);
}

/*
 * The copy with the probe goes once there is no reference to it. The batch of a
 * CPU may have one, and get another at each look that makes the copy active: so
 * drain the batches and try again.
 */
#define LOOKS	4

/* @anon: by how much the pages of each change then */
static void disable_probe(const struct counts *before, long anon)
{
	int look;

	for (look = 1; ; look++) {
		tunable_order("/proc/sys/vm/drop_caches", "1");
		enable_probe(false);
		if (look == LOOKS ||
		    (container_stat(containers[0], "anon") == before->anon[0] + anon &&
		     container_stat(containers[1], "anon") == before->anon[1] + anon))
			return;
		enable_probe(true);
	}
}

/*
 * While each process has its own copy of the page, the page of the program is
 * not mapped, nor is it afterwards, until a process executes it again.
 */
static void test_running(void)
{
	struct counts before;
	const char *program;
	int i;

	fs_mount("ramfs", NULL);
	program = fs_copy_program("rss_idle");
	for (i = 0; i < 2; i++)
		start(i, program);
	count(&before);
	compare("both run", 2);

	define_probe(program);
	enable_probe(true);
	expect_change("the probe is on", &before, 1, -1);
	disable_probe(&before, 0);
	expect_change("the probe is off", &before, 0, -1);
	remove_probe();
	for (i = 0; i < 2; i++)
		child_finish(&children[i]);
}

/* A program that starts while it is probed hits the breakpoint. */
static void test_exec(void)
{
	struct counts before;
	const char *program;
	int i;

	fs_mount("ramfs", NULL);
	program = fs_copy_program("rss_idle");
	define_probe(program);
	enable_probe(true);
	for (i = 0; i < 2; i++) {
		start(i, program);
		compare("started", i + 1);
	}
	count(&before);
	disable_probe(&before, -1);
	expect_change("the probe is off", &before, -1, 0);
	remove_probe();
	for (i = 0; i < 2; i++)
		child_finish(&children[i]);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_running),
		T(test_exec),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
