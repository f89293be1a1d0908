// SPDX-License-Identifier: GPL-2.0
/* Lowering rss_limit below usage; see lower.h. */
#include "hierarchy.h"
#include "lower.h"
#include "runner.h"

int main(void)
{
	static const struct rss_case cases[] = {
		T(lower_swap),
		T(lower_no_pressure),
		T(lower_no_swap),
		T(lower_file_no_swap),
		T(lower_locked),
		T(lower_part_locked),
		T(lower_subtree),
		T(lower_signal),
		T(lower_signal_midway),
		T(lower_faulter_anon),
		T(lower_faulter_file),
	};

	lower_by_shrinking = false;
	hierarchy_use(1);
	return run_cases(cases, ARRAY_SIZE(cases));
}
