// SPDX-License-Identifier: GPL-2.0
/* A child in a namespace of its own is refused by name. */
#include "kind.h"

static pid_t child;

static void body(void)
{
	must(unshare(CLONE_NEWUTS));
	must(sethostname("inner", 5));
	mark("child");
	await_go();
}

static void set_up(void)
{
	child = child_start(body);
	await_mark("child");
}

static void check(void)
{
	child_done(child);
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.refuse = "namespace",
};
