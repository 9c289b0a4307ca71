// SPDX-License-Identifier: GPL-2.0
/* A parent that waits for a long vfork to end: refused by name, and unharmed. */
#include "kind.h"

static pthread_t thread;
static volatile pid_t tid;

static void *body(void *arg)
{
	int status;
	pid_t pid;

	tid = syscall(SYS_gettid);
	pid = vfork();
	if (!pid) {
		await_go();
		_exit(5);
	}
	must(pid);
	must(waitpid(pid, &status, 0));
	same(status, 5 << 8, "wait status");
	return NULL;
}

static void set_up(void)
{
	thread = thread_start(body, NULL);
	while (!tid)
		sleep_ms(1);
	await_state(tid, 'D');
}

static void check(void)
{
	thread_join(thread);
}

const struct kind kind = { .set_up = set_up, .check = check, .refuse = "vfork" };
