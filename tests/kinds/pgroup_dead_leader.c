// SPDX-License-Identifier: GPL-2.0
/* A process group whose leader is gone keeps its number. */
#include "kind.h"

static pid_t group, members[2];

static void body(void)
{
	await_go();
	same(getpgid(0), group, "process group whose leader is gone");
}

static void leader(void)
{
	await_mark("joined");
}

static void set_up(void)
{
	int i;

	group = child_start(leader);
	must(setpgid(group, group));
	for (i = 0; i < 2; i++) {
		members[i] = child_start(body);
		must(setpgid(members[i], group));
	}
	mark("joined");
	child_done(group);
}

static void check(void)
{
	int i;

	must(kill(-group, 0));
	for (i = 0; i < 2; i++)
		child_done(members[i]);
}

const struct kind kind = { .set_up = set_up, .check = check };
