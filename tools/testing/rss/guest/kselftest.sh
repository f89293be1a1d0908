#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs the kselftests with each of $SETTINGS, a list separated by commas:
# whether MGLRU is on, the THP policy and, for the default hierarchy of cgroups,
# v2, as in n:always or y:never:v2. $PROGRAMS, another such list, selects some of
# them. Programs that an earlier boot has reported are not run again.

seconds=$(sed -n 's/^timeout=//p' /selftests/rss/settings 2> /dev/null)
cd /selftests/rss || exit
[ -z "$PROGRAMS" ] || echo "$PROGRAMS" | tr , '\n' > /selftests/list

for setting in $(echo "$SETTINGS" | tr , ' '); do
	IFS=: read -r lru thp hierarchy <<- end
		$setting
	end
	echo "$lru" > /sys/kernel/mm/lru_gen/enabled
	echo "$thp" > /sys/kernel/mm/transparent_hugepage/enabled
	unset RSS_HIERARCHY
	[ -z "$hierarchy" ] || export RSS_HIERARCHY="$hierarchy"
	while read -r program; do
		name=$program.lru_gen=$lru.thp=$thp${hierarchy:+.$hierarchy}
		[ ! -e "/host/$name.tap" ] || continue
		echo "kselftest: $name" > /dev/kmsg
		timeout "${seconds:-300}" "./$program" \
			< /dev/null > "/host/$name.tap" 2>&1
		echo "# exit status $?" >> "/host/$name.tap"
	done < /selftests/list
done

# It reports to the log, and only checks what is older than a few seconds.
if [ -e /sys/kernel/debug/kmemleak ]; then
	sleep 10
	echo scan > /sys/kernel/debug/kmemleak
	cat /sys/kernel/debug/kmemleak > /host/kmemleak
fi
