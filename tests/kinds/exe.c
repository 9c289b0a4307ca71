// SPDX-License-Identifier: GPL-2.0
/* /proc/PID/exe, the name (comm) of each thread, and whether exe may be read. */
#include "kind.h"

static char before[PATH_MAX];
static pthread_t thread;

static void *body(void *arg)
{
	char name[32];

	must(prctl(PR_SET_NAME, "odd) name\n"));
	mark("thread");
	await_go();
	must(prctl(PR_GET_NAME, name));
	if (strcmp(name, "odd) name\n"))
		fail("the second thread's name is %s", name);
	return NULL;
}

static void set_up(void)
{
	must(readlink("/proc/self/exe", before, sizeof(before) - 1));
	thread = thread_start(body, NULL);
	await_mark("thread");
	must(prctl(PR_SET_NAME, "fifteen letters"));
}

static void check(void)
{
	char after[PATH_MAX] = "", name[32];

	must(readlink("/proc/self/exe", after, sizeof(after) - 1));
	if (strcmp(before, after))
		fail("exe is %s, not %s", after, before);
	must(prctl(PR_GET_NAME, name));
	if (strcmp(name, "fifteen letters"))
		fail("the main thread's name is %s", name);
	thread_join(thread);
}

const struct kind kind = { .set_up = set_up, .check = check };
