// SPDX-License-Identifier: GPL-2.0
/* Signals pending for the whole task, with their siginfo. */
#include "kind.h"

static sigset_t set;
static pid_t sender;

static void send(void)
{
	union sigval value = { .sival_ptr = (void *)0x1234567890ab };

	must(kill(getppid(), SIGUSR1));
	must(sigqueue(getppid(), SIGUSR2, value));
	must(sigqueue(getppid(), SIGRTMIN + 1, value));
}

static void set_up(void)
{
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGRTMIN + 1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sender = child_start(send);
	child_done(sender);
}

static void check(void)
{
	struct timespec none = {};
	siginfo_t info;

	same(must(sigtimedwait(&set, &info, &none)), SIGUSR1, "first signal");
	same(info.si_code, SI_USER, "si_code of the kill");
	same(info.si_pid, sender, "si_pid of the kill");
	same(must(sigtimedwait(&set, &info, &none)), SIGUSR2, "second signal");
	same(info.si_code, SI_QUEUE, "si_code of the sigqueue");
	same((long)info.si_value.sival_ptr, 0x1234567890ab, "value of the sigqueue");
	same(must(sigtimedwait(&set, &info, &none)), SIGRTMIN + 1, "third signal");
	same(info.si_pid, sender, "si_pid of the realtime signal");
	same((long)info.si_value.sival_ptr, 0x1234567890ab, "value of the realtime signal");
	if (sigtimedwait(&set, &info, &none) != -1)
		fail("signal %d came twice", info.si_signo);
}

const struct kind kind = { .set_up = set_up, .check = check };
