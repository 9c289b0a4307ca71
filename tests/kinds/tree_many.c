// SPDX-License-Identifier: GPL-2.0
/* Two hundred children. */
#include "kind.h"

#define NR 200

static pid_t pids[NR];

static void body(void)
{
	while (!marked("go"))
		sleep_ms(50);
}

static void set_up(void)
{
	int i;

	for (i = 0; i < NR; i++)
		pids[i] = child_start(body);
}

static void check(void)
{
	int i;

	for (i = 0; i < NR; i++)
		child_done(pids[i]);
}

const struct kind kind = { .set_up = set_up, .check = check };
