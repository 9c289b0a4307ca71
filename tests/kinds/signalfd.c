// SPDX-License-Identifier: GPL-2.0
/* A signalfd gives what was pending before and what comes after. */
#include "kind.h"

#include <sys/signalfd.h>

static int fd, other;

static void set_up(void)
{
	union sigval value = { .sival_int = 77 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN + 3);
	sigaddset(&set, SIGRTMAX);
	must(sigprocmask(SIG_BLOCK, &set, NULL));
	fd = must(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
	sigdelset(&set, SIGUSR1);
	other = must(signalfd(-1, &set, 0));
	must(sigqueue(getpid(), SIGRTMIN + 3, value));
}

static void check(void)
{
	struct signalfd_siginfo info;
	struct pollfd pfd = { .fd = other, .events = POLLIN };

	same(must(fcntl(fd, F_GETFD)), FD_CLOEXEC, "close-on-exec");
	same(must(poll(&pfd, 1, 0)), 1, "readiness");
	same(must(read(fd, &info, sizeof(info))), sizeof(info), "bytes read");
	same(info.ssi_signo, SIGRTMIN + 3, "the signal that was pending");
	same(info.ssi_int, 77, "its value");
	same(read(fd, &info, sizeof(info)), -1, "read of no signal");
	same(errno, EAGAIN, "errno of that");
	must(kill(getpid(), SIGUSR1));
	same(must(poll(&pfd, 1, 0)), 0, "readiness for a signal that is not in the set");
	must(read(fd, &info, sizeof(info)));
	same(info.ssi_signo, SIGUSR1, "the signal that came");
	must(kill(getpid(), SIGRTMAX));
	must(read(other, &info, sizeof(info)));
	same(info.ssi_signo, SIGRTMAX, "the last signal of all");
}

const struct kind kind = { .set_up = set_up, .check = check };
