// SPDX-License-Identifier: GPL-2.0
/* Transparent huge pages switched off for a task. */
#include "kind.h"

static void set_up(void)
{
	must(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
}

static void check(void)
{
	same(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 1, "THP disabled");
}

const struct kind kind = { .set_up = set_up, .check = check };
