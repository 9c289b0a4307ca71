// SPDX-License-Identifier: GPL-2.0
/* A queue of two hundred realtime signals stays in order; one of each standard signal. */
#include "kind.h"

#define NR 200

static sigset_t set;

static void set_up(void)
{
	int i;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 5);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (i = 0; i < NR; i++)
		must(sigqueue(getpid(), SIGRTMIN + 5, (union sigval){ .sival_int = i }));
	for (i = 0; i < 3; i++)
		must(sigqueue(getpid(), SIGUSR1, (union sigval){ .sival_int = i }));
}

static void check(void)
{
	struct timespec none = {};
	siginfo_t info;
	int i;

	same(sigtimedwait(&set, &info, &none), SIGUSR1, "first signal");
	same(info.si_value.sival_int, 0, "value of the standard signal");
	for (i = 0; i < NR; i++) {
		same(sigtimedwait(&set, &info, &none), SIGRTMIN + 5, "signal %d", i);
		same(info.si_value.sival_int, i, "value of realtime signal %d", i);
		same(info.si_uid, getuid(), "si_uid of realtime signal %d", i);
	}
	if (sigtimedwait(&set, &info, &none) != -1)
		fail("signal %d too is pending", info.si_signo);
}

const struct kind kind = { .set_up = set_up, .check = check };
