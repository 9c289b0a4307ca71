// SPDX-License-Identifier: GPL-2.0
/* Sixty generations. */
#include "kind.h"

#define DEPTH 60

static int level;

static void body(void)
{
	pid_t child = 0;

	if (++level < DEPTH)
		child = child_start(body);
	else
		mark("deepest");
	await_go();
	if (child)
		child_done(child);
}

static pid_t first;

static void set_up(void)
{
	first = child_start(body);
	await_mark("deepest");
}

static void check(void)
{
	child_done(first);
}

const struct kind kind = { .set_up = set_up, .check = check };
