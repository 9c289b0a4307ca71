// SPDX-License-Identifier: GPL-2.0
/* A sigtimedwait: the kernel ends it with EINTR when a task is stopped, never early with EAGAIN. */
#include "asleep.h"

static void asleep(void)
{
	struct timespec ts = { 0, SLEEP_MS * 1000000L };
	sigset_t set;
	int ret;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 9);
	do {
		ts.tv_nsec = (SLEEP_MS - (now_ms() - asleep_start_ms)) * 1000000L;
		if (ts.tv_nsec <= 0)
			break;
		ret = syscall(SYS_rt_sigtimedwait, &set, NULL, &ts, 8);
		same(ret, -1, "sigtimedwait");
	} while (errno == EINTR);
}

static void set_up(void)
{
	asleep_set_up(SYS_rt_sigtimedwait);
}

const struct kind kind = { .set_up = set_up, .check = asleep_check };
