/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel says of the controller, wherever it is mounted. */
#ifndef RSS_SUBSYSTEM_H
#define RSS_SUBSYSTEM_H

struct subsystem {
	int hierarchy;		/* of v1; 0 if none has the controller */
	int containers;		/* in there, without the root */
};

/* Ends the program if the running kernel can't have the controller. */
struct subsystem subsystem_read(void);

#endif
