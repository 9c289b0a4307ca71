// SPDX-License-Identifier: GPL-2.0
/* Two tasks that share their memory (CLONE_VM) go on sharing it. */
#include "kind.h"

static char stack[65536] __attribute__((aligned(16)));
static volatile int shared;
static pid_t child;

static void prepare(void)
{
	shared = 1;
}

static void change(void)
{
	shared = 2;
	(void)mmap((void *)0x10000000, 4096, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	*(int *)0x10000000 = 77;
}

static void look(void)
{
	same(shared, 2, "variable that the other task set");
	same(*(int *)0x10000000, 77, "word in the mapping that the other task made");
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
	child = must(clone(body, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL));
	await_mark("child");
}

static void check(void)
{
	child_done(child);
	look();
}

const struct kind kind = { .set_up = set_up, .check = check, .criu = "refuses shared memory maps" };
