// SPDX-License-Identifier: GPL-2.0
/* Two readers wait for a semaphore that another process shares, and are let go one by one. */
#include "kind.h"

#include <sys/eventfd.h>

static int fd;
static volatile pid_t tids[2];
static volatile int done;
static pthread_t threads[2];
static pid_t child;

static void *reader(void *arg)
{
	uint64_t value;

	tids[(long)arg] = syscall(SYS_gettid);
	same(read(fd, &value, 8), 8, "bytes read");
	same(value, 1, "the value read");
	__atomic_add_fetch(&done, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void writer(void)
{
	uint64_t one = 1;

	await_mark("write");
	must(write(fd, &one, 8));
	await_mark("write again");
	must(write(fd, &one, 8));
}

static void set_up(void)
{
	fd = must(eventfd(0, EFD_SEMAPHORE));
	child = child_start(writer);
	for (long i = 0; i < 2; i++) {
		threads[i] = thread_start(reader, (void *)i);
		while (!tids[i])
			sleep_ms(1);
		await_syscall(tids[i], SYS_read);
	}
}

static void check(void)
{
	sleep_ms(20);
	same(done, 0, "readers that went on too early");
	mark("write");
	while (!done)
		sleep_ms(1);
	sleep_ms(20);
	same(done, 1, "readers that went on");
	mark("write again");
	thread_join(threads[0]);
	thread_join(threads[1]);
	child_done(child);
}

const struct kind kind = { .set_up = set_up, .check = check };
