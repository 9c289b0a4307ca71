// SPDX-License-Identifier: GPL-2.0
/* The owner and signal of a descriptor: F_SETOWN, F_SETOWN_EX for a group, F_SETSIG. */
#include "kind.h"

static int a[2], b[2], c[2];
static volatile int got, got_fd;

static void handler(int sig, siginfo_t *info, void *context)
{
	got = sig;
	got_fd = info->si_fd;
}

static void set_up(void)
{
	struct f_owner_ex group = { F_OWNER_PGRP, getpgid(0) };
	struct f_owner_ex thread = { F_OWNER_TID, syscall(SYS_gettid) };
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART };

	must(sigaction(SIGRTMIN + 6, &action, NULL));
	must(pipe(a));
	must(pipe(b));
	must(pipe(c));
	must(fcntl(a[0], F_SETOWN, getpid()));
	must(fcntl(a[0], F_SETSIG, SIGRTMIN + 6));
	must(fcntl(a[0], F_SETFL, O_ASYNC | O_NONBLOCK));
	must(fcntl(b[0], F_SETOWN_EX, &group));
	must(fcntl(c[0], F_SETOWN_EX, &thread));
}

static void check(void)
{
	struct f_owner_ex owner;

	same(fcntl(a[0], F_GETOWN), getpid(), "owner");
	same(fcntl(a[0], F_GETSIG), SIGRTMIN + 6, "signal");
	same(must(fcntl(a[0], F_GETFL)) & O_ASYNC, O_ASYNC, "flag O_ASYNC");
	must(fcntl(b[0], F_GETOWN_EX, &owner));
	same(owner.type, F_OWNER_PGRP, "type of the second owner");
	same(owner.pid, getpgid(0), "group that owns");
	must(fcntl(c[0], F_GETOWN_EX, &owner));
	same(owner.type, F_OWNER_TID, "type of the third owner");
	same(owner.pid, syscall(SYS_gettid), "thread that owns");
	must(write(a[1], "x", 1));
	sleep_ms(5);
	same(got, SIGRTMIN + 6, "signal that came");
	same(got_fd, a[0], "descriptor in the signal");
}

const struct kind kind = { .set_up = set_up, .check = check };
