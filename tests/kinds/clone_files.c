// SPDX-License-Identifier: GPL-2.0
/* Two tasks that share their descriptors (CLONE_FILES) go on sharing them. */
#include "kind.h"

static char stack[65536] __attribute__((aligned(16)));
static volatile int shared;
static pid_t child;

static void prepare(void)
{
	must(dup2(0, 50));
}

static void change(void)
{
	must(fcntl(50, F_GETFD));
	must(dup2(must(open("/dev/zero", O_RDONLY)), 60));
	close(50);
}

static void look(void)
{
	char c = 1;

	same(must(read(60, &c, 1)), 1, "bytes read from the descriptor that the other task opened");
	same(c, 0, "byte of /dev/zero");
	same(fcntl(50, F_GETFD), -1, "descriptor that the other task closed");
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
	child = must(clone(body, stack + sizeof(stack), CLONE_FILES | SIGCHLD, NULL));
	await_mark("child");
}

static void check(void)
{
	child_done(child);
	look();
}

const struct kind kind = { .set_up = set_up, .check = check };
