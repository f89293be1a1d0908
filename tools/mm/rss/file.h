/* SPDX-License-Identifier: GPL-2.0-only */
/* Control files.  Functions return 0 or a negative errno. */
#ifndef RSS_FILE_H
#define RSS_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* Most that is read of a file. */
#define FILE_TEXT	4096

/* Reads a file that is open, from its start. */
int file_read_fd(int fd, char text[FILE_TEXT]);

int file_read(int dir, const char *file, char text[FILE_TEXT]);

/*
 * By one write(), as control files want it: again if a signal has interrupted
 * it, when the user has stopped and continued the program for example.
 */
int file_write(int dir, const char *file, const char *text);

/* The same, but a signal ends it: -EINTR. */
int file_write_once(int dir, const char *file, const char *text);

/* Is a word in the file, between blanks? */
bool file_has_word(int dir, const char *file, const char *word);

/* The number of a line "key number". */
bool file_key(const char *text, const char *key, unsigned long long *value);

/* As many may be open as the system lets us. */
void file_limit_raise(void);

#endif
