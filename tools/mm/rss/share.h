/* SPDX-License-Identifier: GPL-2.0-only */
/* Sizes that can be a share of another one: "50%". */
#ifndef RSS_SHARE_H
#define RSS_SHARE_H

#include <stdbool.h>

#include "size.h"

struct share {
	bool is_percent;
	unsigned long long value;
};

#define SHARE_UNLIMITED	{ .value = SIZE_UNLIMITED }

/* Returns NULL, or what is wrong with the text. */
const char *share_parse(const char *text, size_t page_size,
			struct share *share);

/* In bytes; SIZE_UNLIMITED if it is a share of no limit. */
unsigned long long share_bytes(struct share share, unsigned long long whole);

/* In bytes, of the memory of the machine */
unsigned long long share_of_memory(struct share share);

#endif
