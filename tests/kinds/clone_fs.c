// SPDX-License-Identifier: GPL-2.0
/* Two tasks that share working directory and umask (CLONE_FS) go on sharing them. */
#include "kind.h"

static char stack[65536] __attribute__((aligned(16)));
static volatile int shared;
static pid_t child;

static void prepare(void)
{
	umask(0011);
}

static void change(void)
{
	same(umask(0022), 0011, "umask");
	must(mkdir("deeper", 0755));
	must(chdir("deeper"));
}

static void look(void)
{
	char buf[PATH_MAX];

	same(umask(0), 0022, "umask that the other task set");
	if (!getcwd(buf, sizeof(buf)) || strcmp(strrchr(buf, 0x2f), "/deeper"))
		fail("the working directory is %s", buf);
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
	child = must(clone(body, stack + sizeof(stack), CLONE_FS | SIGCHLD, NULL));
	await_mark("child");
}

static void check(void)
{
	child_done(child);
	look();
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "refuses a shared struct fs",
};
