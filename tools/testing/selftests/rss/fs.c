// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/loop.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "fs.h"
#include "mem.h"
#include "runner.h"

extern char **environ;

static char scratch[64];
static char files[sizeof(scratch) + 8];

void fs_init(void)
{
	static const char * const places[] = { "/tmp", "" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		snprintf(scratch, sizeof(scratch), "%s/rss.XXXXXX", places[i]);
		if (mkdtemp(scratch))
			break;
	}
	if (i == ARRAY_SIZE(places))
		ksft_exit_fail_perror("mkdtemp");

	if (unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("scratch", scratch, "tmpfs", 0, NULL)) {
		rmdir(scratch);
		ksft_exit_fail_perror("mounting the scratch directory");
	}
	snprintf(files, sizeof(files), "%s/files", scratch);
	mkdir(files, 0700);
}

void fs_exit(void)
{
	umount2(scratch, MNT_DETACH);
	rmdir(scratch);
}

const char *fs_scratch(void)
{
	return scratch;
}

void fs_mount(const char *type, const char *options)
{
	if (!mount(type, files, type, 0, options))
		return;
	if (errno == ENODEV || errno == EINVAL)
		skip_case("no %s with options %s", type, options ?: "none");
	fail_case("mounting %s: %s", type, strerror(errno));
}

static int make_image(size_t bytes, char *path, size_t size)
{
	int fd = memfd_create("disk", 0);

	if (fd < 0 || ftruncate(fd, bytes))
		skip_case("no memfd for a disk image");
	snprintf(path, size, "/proc/%d/fd/%d", getpid(), fd);
	return fd;
}

/* @options: up to four more arguments for mke2fs */
static bool run_mke2fs(const char *program, const char *device,
		       const char * const options[4])
{
	const char *argv[3 + 4 + 2] = { program, "-q", "-F" };
	posix_spawn_file_actions_t actions;
	int nr = 3, status = -1;
	pid_t pid;
	int i;

	for (i = 0; i < 4 && options[i]; i++)
		argv[nr++] = options[i];
	argv[nr] = device;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null",
					 O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
	if (!posix_spawnp(&pid, program, &actions, NULL, (char **)argv, environ))
		waitpid(pid, &status, 0);
	posix_spawn_file_actions_destroy(&actions);
	return !status;
}

static void make_fs(const char *device, const char * const options[4])
{
	if (!run_mke2fs("mkfs.ext4", device, options) &&
	    !run_mke2fs("mke2fs", device, options))
		skip_case("no program to make an ext4");
}

/* The loop device frees itself when the file system is unmounted. */
static void attach_loop(int image, char *device, size_t size)
{
	struct loop_config config = {
		.fd = image,
		.info.lo_flags = LO_FLAGS_AUTOCLEAR,
	};
	int control, loop, nr;

	control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	nr = control < 0 ? -1 : ioctl(control, LOOP_CTL_GET_FREE);
	if (nr < 0)
		skip_case("no loop device");
	snprintf(device, size, "/dev/loop%d", nr);
	/* Kept open until the case ends, or the device would detach now. */
	loop = open(device, O_RDWR | O_CLOEXEC);
	if (loop < 0 || ioctl(loop, LOOP_CONFIGURE, &config))
		skip_case("cannot set up %s", device);
	close(control);
}

void fs_mount_disk(size_t bytes)
{
	static const char * const options[4];
	char image[64], device[32];
	int fd = make_image(bytes, image, sizeof(image));

	make_fs(image, options);
	attach_loop(fd, device, sizeof(device));
	/* Only the case itself must write to it. */
	if (mount(device, files, "ext4", MS_NOATIME, "noinit_itable") &&
	    mount(device, files, "ext2", MS_NOATIME, NULL))
		skip_case("cannot mount an ext4: %s", strerror(errno));
}

#define PMEM	"/dev/pmem0"
#define LABEL	"ksft_rss"

/* Where the superblock of an ext4 has its label. */
#define LABEL_AT	(1024 + 120)

/* Do not destroy data: it must be blank, or used by this before. */
static bool is_free(const char *device)
{
	static char head[65536];
	int fd = open(device, O_RDONLY | O_CLOEXEC);
	ssize_t i, len;

	if (fd < 0)
		skip_case("no %s", device);
	len = read(fd, head, sizeof(head));
	close(fd);
	if (len != sizeof(head))
		return false;
	if (!memcmp(head + LABEL_AT, LABEL, sizeof(LABEL)))
		return true;
	for (i = 0; i < len && !head[i]; i++)
		;
	return i == len;
}

void fs_mount_dax(void)
{
	char block_size[16];
	const char * const options[4] = { "-b", block_size, "-L", LABEL };

	snprintf(block_size, sizeof(block_size), "%zu", page_size());
	if (!is_free(PMEM))
		skip_case("%s is in use", PMEM);
	make_fs(PMEM, options);
	if (mount(PMEM, files, "ext4", MS_NOATIME, "dax=always"))
		skip_case("cannot mount an ext4 with DAX: %s",
			  strerror(errno));
}

int fs_file(const char *name, size_t pages, unsigned long seed)
{
	char path[PATH_MAX];
	char *page = mem_anon(1);
	size_t i;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", files, name);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	require(fd >= 0, "%s: %s", path, strerror(errno));
	for (i = 0; i < pages; i++) {
		mem_fill(page, 1, seed + i);
		require(write(fd, page, page_size()) == (ssize_t)page_size(),
			"writing %s: %s", path, strerror(errno));
	}
	mem_unmap(page, 1);
	return fd;
}

void fs_verify(int fd, size_t pages, unsigned long seed)
{
	char *page = mem_anon(1);
	size_t i;

	for (i = 0; i < pages; i++) {
		require(pread(fd, page, page_size(), i * page_size()) ==
			(ssize_t)page_size(), "reading page %zu back", i);
		mem_verify(page, 1, seed + i);
	}
	mem_unmap(page, 1);
}

const char *fs_copy_program(const char *name)
{
	static char path[PATH_MAX];
	char self[PATH_MAX] = "";
	int from, to;

	require(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0,
		"no /proc/self/exe");
	*strrchr(self, '/') = 0;
	snprintf(path, sizeof(path), "%.*s/%s", PATH_MAX / 2, self, name);
	from = open(path, O_RDONLY | O_CLOEXEC);
	if (from < 0)
		skip_case("%s is not there", path);
	snprintf(path, sizeof(path), "%s/%s", files, name);
	to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	require(to >= 0, "%s: %s", path, strerror(errno));
	while (sendfile(to, from, NULL, 1 << 20) > 0)
		;
	close(from);
	close(to);
	return path;
}
