// SPDX-License-Identifier: GPL-2.0
/* Credentials are a thread's: two threads of one task with different ids, groups and capabilities.
 */
#include "kind.h"

static pthread_t thread;

static void *body(void *arg)
{
	gid_t groups[] = { 31, 32 };

	/* The raw calls: libc's change every thread. */
	must(syscall(SYS_setgroups, 2, groups));
	must(syscall(SYS_setresgid, 41, 42, 43));
	must(syscall(SYS_setresuid, 51, 52, 53));
	mark("thread");
	await_go();
	same(syscall(SYS_getuid), 51, "real uid of the second thread");
	same(syscall(SYS_geteuid), 52, "effective uid of the second thread");
	same(syscall(SYS_getgid), 41, "real gid of the second thread");
	same(syscall(SYS_getegid), 42, "effective gid of the second thread");
	same(syscall(SYS_getgroups, 2, groups), 2, "groups of the second thread");
	same(groups[1], 32, "last group of the second thread");
	same(strtoull(proc_line(syscall(SYS_gettid), "status", "CapEff"), NULL, 16), 0,
	     "effective capabilities of the second thread");
	return NULL;
}

static unsigned long long caps;

static void set_up(void)
{
	caps = strtoull(proc_line(getpid(), "status", "CapEff"), NULL, 16);
	thread = thread_start(body, NULL);
	await_mark("thread");
}

static void check(void)
{
	same(syscall(SYS_getuid), 0, "uid of the main thread");
	same(syscall(SYS_getgroups, 0, NULL), 0, "groups of the main thread");
	same(strtoull(proc_line(getpid(), "status", "CapEff"), NULL, 16), caps,
	     "effective capabilities of the main thread");
	thread_join(thread);
}

const struct kind kind = { .set_up = set_up, .check = check };
