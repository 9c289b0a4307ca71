// SPDX-License-Identifier: GPL-2.0
/* A sigtimedwait: the kernel ends it with EINTR when a task is stopped, never early with EAGAIN. */
#include "asleep.h"

static void asleep(void)
{
	struct timespec ts;
	sigset_t set;
	int64_t left;
	int ret;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 9);
	do {
		left = SLEEP_MS - (now_ms() - asleep_start_ms);
		if (left <= 0)
			break;
		ts = (struct timespec){ left / 1000, left % 1000 * 1000000 };
		ret = syscall(SYS_rt_sigtimedwait, &set, NULL, &ts, 8);
		same(ret, -1, "sigtimedwait");
	} while (errno == EINTR);
}

static void set_up(void)
{
	asleep_set_up(SYS_rt_sigtimedwait);
}

const struct kind kind = { .set_up = set_up, .check = asleep_check };
