// SPDX-License-Identifier: GPL-2.0
/* A poll without a timeout goes on until a descriptor is ready. */
#include "kind.h"

static pthread_t thread;
static volatile pid_t tid;
static volatile int woken;

static int fds[2];

static void prepare(void)
{
	must(pipe(fds));
}

static void *body(void *arg)
{
	struct pollfd fd = { .fd = fds[0], .events = POLLIN };

	tid = syscall(SYS_gettid);
	same(must(syscall(SYS_poll, &fd, 1, -1)), 1, "poll");
	same(fd.revents, POLLIN, "events");
	woken = 1;
	return NULL;
}

static void set_up(void)
{
	prepare();
	thread = thread_start(body, NULL);
	while (!tid)
		sleep_ms(1);
	await_syscall(tid, SYS_poll);
}

static void check(void)
{
	sleep_ms(20);
	same(woken, 0, "return of the call before anybody woke it");
	must(write(fds[1], "x", 1));
	thread_join(thread);
	same(woken, 1, "return of the call");
}

const struct kind kind = { .set_up = set_up,
			   .check = check,
			   .criu = "a call that restarts through its restart block returns EINTR" };
