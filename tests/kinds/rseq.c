// SPDX-License-Identifier: GPL-2.0
/* Restartable sequences: the registration made by libc stays, and the CPU number is kept current.
 */
#include "kind.h"

#include <sys/rseq.h>
#include <sys/utsname.h>

static pthread_t thread;

static struct rseq *area(void)
{
	return (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);
}

static void rseq_check(const char *who)
{
	long ret;

	/* Registering the same area again says EBUSY only while it is registered. */
	ret = syscall(SYS_rseq, area(), 32, 0, RSEQ_SIG);
	if (ret == 0 || errno != EBUSY)
		fail("the rseq area of the %s is not registered any more", who);
	area()->cpu_id = 4000;
	sched_yield();
	sleep_ms(5);
	if (area()->cpu_id == 4000)
		fail("the kernel does not update the rseq area of the %s", who);
}

static void *body(void *arg)
{
	mark("thread");
	await_go();
	rseq_check("second thread");
	return NULL;
}

static void set_up(void)
{
	struct utsname names;
	unsigned int major, minor;

	if (!__rseq_size)
		skip("this libc did not register rseq");
	if (!uname(&names) && sscanf(names.release, "%u.%u", &major, &minor) == 2 &&
	    major * 1000 + minor < 5013 && !module_asked())
		skip("before Linux 5.13 only the module can tell of it");
	thread = thread_start(body, NULL);
	await_mark("thread");
}

static void check(void)
{
	rseq_check("main thread");
	thread_join(thread);
}

const struct kind kind = { .set_up = set_up, .check = check };
