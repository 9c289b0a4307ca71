// SPDX-License-Identifier: GPL-2.0
/* Two tasks that share memory and signal handlers (CLONE_SIGHAND) go on sharing them. */
#include "kind.h"

static char stack[65536] __attribute__((aligned(16)));
static volatile int shared;
static pid_t child;

static void handler(int sig)
{
	shared = sig;
}

static void prepare(void)
{
}

static void change(void)
{
	struct sigaction action = { .sa_handler = handler };

	must(sigaction(SIGUSR1, &action, NULL));
}

static void look(void)
{
	raise(SIGUSR1);
	same(shared, SIGUSR1, "signal in the handler that the other task set");
}

static int body(void *arg)
{
	mark("child");
	await_go();
	change();
	_exit(0);
}

static void set_up(void)
{
	prepare();
	child = must(clone(body, stack + sizeof(stack), CLONE_VM | CLONE_SIGHAND | SIGCHLD, NULL));
	await_mark("child");
}

static void check(void)
{
	child_done(child);
	look();
}

const struct kind kind = { .set_up = set_up, .check = check, .criu = "refuses shared memory maps" };
