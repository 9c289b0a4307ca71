// SPDX-License-Identifier: GPL-2.0
/* Every resource limit, soft and hard, lowered from what it was. */
#include "kind.h"

static struct rlimit before[RLIM_NLIMITS];

static void set_up(void)
{
	int i;

	for (i = 0; i < RLIM_NLIMITS; i++) {
		must(getrlimit(i, &before[i]));
		if (i == RLIMIT_AS || i == RLIMIT_DATA || i == RLIMIT_STACK || i == RLIMIT_NPROC ||
		    i == RLIMIT_MEMLOCK || i == RLIMIT_SIGPENDING)
			before[i].rlim_cur = before[i].rlim_max < 1ULL << 40
						     ? before[i].rlim_max
						     : (1ULL << 40) + 4096 * i;
		else if (i == RLIMIT_NOFILE)
			before[i] = (struct rlimit){ 333, 4444 };
		else if (i == RLIMIT_CPU)
			before[i] = (struct rlimit){ 10000, 20000 };
		else if (before[i].rlim_max > 1000000)
			before[i] = (struct rlimit){ 1000000 + i, 2000000 + i };
		else if (before[i].rlim_max)
			before[i].rlim_cur = before[i].rlim_max / 2;
		must(setrlimit(i, &before[i]));
	}
}

static void check(void)
{
	struct rlimit after;
	int i;

	for (i = 0; i < RLIM_NLIMITS; i++) {
		must(getrlimit(i, &after));
		same(after.rlim_cur, before[i].rlim_cur, "soft limit %d", i);
		same(after.rlim_max, before[i].rlim_max, "hard limit %d", i);
	}
}

const struct kind kind = { .set_up = set_up, .check = check };
