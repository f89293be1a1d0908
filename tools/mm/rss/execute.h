/* SPDX-License-Identifier: GPL-2.0-only */
/* Becoming another program, in a container. */
#ifndef RSS_EXECUTE_H
#define RSS_EXECUTE_H

#include "container.h"

/* Moves there, and executes the command or ends the program. */
__noreturn void execute_in(const struct container *c, char **argv);

#endif
