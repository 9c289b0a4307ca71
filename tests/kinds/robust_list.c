// SPDX-License-Identifier: GPL-2.0
/* The robust futex list: a thread that dies with a mutex leaves it to the next owner. */
#include "kind.h"

#include <linux/futex.h>

static pthread_mutex_t mutex;
static pthread_t thread;
static struct robust_list_head *head_before;

static void *body(void *arg)
{
	size_t len;
	struct robust_list_head *head;

	must(syscall(SYS_get_robust_list, 0, &head_before, &len));
	pthread_mutex_lock(&mutex);
	mark("locked");
	await_go();
	must(syscall(SYS_get_robust_list, 0, &head, &len));
	same((long)head, (long)head_before, "robust list head");
	same(len, sizeof(*head), "robust list length");
	return NULL;
}

static void set_up(void)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&mutex, &attr);
	thread = thread_start(body, NULL);
	await_mark("locked");
}

static void check(void)
{
	thread_join(thread);
	same(pthread_mutex_lock(&mutex), EOWNERDEAD, "lock of a mutex whose owner died");
}

const struct kind kind = { .set_up = set_up, .check = check };
