// SPDX-License-Identifier: GPL-2.0
/* Supplementary groups, many of them. */
#include "kind.h"

#include <grp.h>

#define NR 300

static void set_up(void)
{
	gid_t groups[NR];
	int i;

	for (i = 0; i < NR; i++)
		groups[i] = 5000 + 3 * i;
	must(setgroups(NR, groups));
}

static void check(void)
{
	gid_t groups[NR];
	int i;

	same(getgroups(0, NULL), NR, "number of groups");
	same(getgroups(NR, groups), NR, "number of groups read");
	for (i = 0; i < NR; i++)
		same(groups[i], 5000 + 3 * i, "group %d", i);
}

const struct kind kind = { .set_up = set_up, .check = check };
