// SPDX-License-Identifier: GPL-2.0
/* A thread that left its task's descriptors and working directory (unshare). */
#include "kind.h"

static pthread_t thread;

static void *body(void *arg)
{
	char buf[PATH_MAX];

	must(unshare(CLONE_FILES | CLONE_FS));
	must(mkdir("own", 0755));
	must(chdir("own"));
	must(dup2(must(open("/dev/zero", O_RDONLY)), 40));
	mark("thread");
	await_go();
	must(fcntl(40, F_GETFD));
	if (!getcwd(buf, sizeof(buf)) || !strstr(buf, "/own"))
		fail("the thread's working directory is %s", buf);
	return NULL;
}

static void set_up(void)
{
	thread = thread_start(body, NULL);
	await_mark("thread");
}

static void check(void)
{
	char buf[PATH_MAX];

	same(fcntl(40, F_GETFD), -1, "descriptor of the other thread in the main thread");
	if (!getcwd(buf, sizeof(buf)) || strstr(buf, "/own"))
		fail("the main thread's working directory is %s", buf);
	thread_join(thread);
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.refuse = "thread",
	.criu = "gives the thread its task's descriptors without a word",
};
