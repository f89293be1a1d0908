// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "file.h"
#include "size.h"

int file_read_fd(int fd, char text[FILE_TEXT])
{
	size_t len = 0;
	ssize_t got;

	do {
		got = pread(fd, text + len, FILE_TEXT - 1 - len, len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		len += got;
	} while (got && len < FILE_TEXT - 1);
	text[len] = 0;
	return 0;
}

int file_read(int dir, const char *file, char text[FILE_TEXT])
{
	int fd = openat(dir, file, O_RDONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	err = file_read_fd(fd, text);
	close(fd);
	return err;
}

int file_write_once(int dir, const char *file, const char *text)
{
	int fd = openat(dir, file, O_WRONLY | O_TRUNC | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	err = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return err;
}

int file_write(int dir, const char *file, const char *text)
{
	int err;

	do {
		err = file_write_once(dir, file, text);
	} while (err == -EINTR);
	return err;
}

bool file_has_word(int dir, const char *file, const char *word)
{
	char text[FILE_TEXT], *rest = text, *next;

	if (file_read(dir, file, text))
		return false;
	while ((next = strsep(&rest, "\n ")))
		if (!strcmp(next, word))
			return true;
	return false;
}

bool file_key(const char *text, const char *key, unsigned long long *value)
{
	size_t len = strlen(key);

	while (text) {
		if (!strncmp(text, key, len) && text[len] == ' ')
			return number_parse(text + len + 1, value);
		text = strchr(text, '\n');
		if (text)
			text++;
	}
	return false;
}

void file_limit_raise(void)
{
	struct rlimit limit;

	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}
