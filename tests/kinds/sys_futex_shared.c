// SPDX-License-Identifier: GPL-2.0
/* A wait on a futex in shared memory is woken by another task. */
#include "kind.h"

#include <linux/futex.h>

static pthread_t thread;
static volatile pid_t tid;
static volatile int woken;

static int *word;
static pid_t child;

static void wake(void)
{
	await_mark("wake");
	*word = 2;
	same(syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0), 1, "threads woken");
}

static void prepare(void)
{
	word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	*word = 1;
	child = child_start(wake);
}

static void *body(void *arg)
{
	tid = syscall(SYS_gettid);
	must(syscall(SYS_futex, word, FUTEX_WAIT, 1, NULL, NULL, 0));
	same(*word, 2, "word of the futex");
	woken = 1;
	return NULL;
}

static void set_up(void)
{
	prepare();
	thread = thread_start(body, NULL);
	while (!tid)
		sleep_ms(1);
	await_syscall(tid, SYS_futex);
}

static void check(void)
{
	sleep_ms(20);
	same(woken, 0, "return of the call before anybody woke it");
	mark("wake");
	child_done(child);
	thread_join(thread);
	same(woken, 1, "return of the call");
}

const struct kind kind = { .set_up = set_up, .check = check };
