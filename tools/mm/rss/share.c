// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>
#include <unistd.h>

#include "share.h"

const char *share_parse(const char *text, size_t page_size,
			struct share *share)
{
	const char *end = number_parse(text, &share->value);

	share->is_percent = end && !strcmp(end, "%");
	if (share->is_percent)
		return share->value > 100 ? "more than 100%" : NULL;
	return size_parse(text, page_size, &share->value);
}

unsigned long long share_bytes(struct share share, unsigned long long whole)
{
	if (!share.is_percent)
		return share.value;
	if (whole == SIZE_UNLIMITED)
		return SIZE_UNLIMITED;
	return whole / 100 * share.value + whole % 100 * share.value / 100;
}

unsigned long long share_of_memory(struct share share)
{
	return share_bytes(share, size_of_pages(sysconf(_SC_PHYS_PAGES),
						sysconf(_SC_PAGESIZE)));
}
