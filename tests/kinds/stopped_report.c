// SPDX-License-Identifier: GPL-2.0
/* The parent of a stopped child that has not yet been told of the stop learns of it. */
#include "kind.h"

static pid_t child;

static void body(void)
{
	await_mark("continued");
}

static void set_up(void)
{
	child = child_start(body);
	must(kill(child, SIGSTOP));
	await_state(child, 'T');
}

static void check(void)
{
	int status;

	same(waitpid(child, &status, WUNTRACED | WNOHANG), child, "child that stopped");
	same(status, SIGSTOP << 8 | 0x7f, "wait status of the stop");
	must(kill(child, SIGCONT));
	same(waitpid(child, &status, WCONTINUED), child, "child that continued");
	same(status, 0xffff, "wait status of the continuation");
	mark("continued");
	child_done(child);
}

const struct kind kind = { .set_up = set_up, .check = check };
