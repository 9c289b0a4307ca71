// SPDX-License-Identifier: GPL-2.0
/* oom_score_adj, of the root task and of a child. */
#include "kind.h"

static pid_t child;

static void value_check(int want)
{
	char buf[16];

	file_read("/proc/self/oom_score_adj", buf, sizeof(buf));
	same(atoi(buf), want, "oom_score_adj");
}

static void body(void)
{
	file_write("/proc/self/oom_score_adj", "777");
	mark("child");
	await_go();
	value_check(777);
}

static void set_up(void)
{
	file_write("/proc/self/oom_score_adj", "321");
	child = child_start(body);
	await_mark("child");
}

static void check(void)
{
	value_check(321);
	child_done(child);
}

const struct kind kind = { .set_up = set_up, .check = check };
