/* SPDX-License-Identifier: GPL-2.0-only */
/* Messages to stderr, a line each, or to the journal behind it. */
#ifndef RSS_MESSAGE_H
#define RSS_MESSAGE_H

#include <stdlib.h>
#include <syslog.h>

#include "compiler.h"

/* What messages begin with, "rssctl ls" for example. */
void message_from(const char *program);

/* Messages up to this level are shown; LOG_NOTICE unless told. */
void message_level(int level);

void __printf(2, 3)
message(int level, const char *fmt, ...);

/* Ends the program. */
__noreturn void quit(int status);

/* The same, with a message. */
__noreturn void __printf(2, 3)
fail(int status, const char *fmt, ...);

/* From now on they end the program with this status, whatever they are told. */
void fail_only_with(int status);

/* What malloc() and its like have returned, or the end of the program. */
void *allocated(void *memory);

char *format(const char *fmt, ...) __printf(1, 2);

#endif
