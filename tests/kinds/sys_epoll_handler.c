// SPDX-License-Identifier: GPL-2.0
/* A wait for events that a signal handler interrupts ends with EINTR, and keeps its mask. */
#include "kind.h"

#include <sys/epoll.h>

static int epfd;
static volatile pid_t tid;
static volatile sig_atomic_t got;
static pthread_t thread;

static void handler(int sig)
{
	got = sig;
}

static void *body(void *arg)
{
	struct epoll_event ev;
	sigset_t set;

	tid = syscall(SYS_gettid);
	sigfillset(&set);
	sigdelset(&set, SIGUSR1);
	same(epoll_pwait(epfd, &ev, 1, -1, &set), -1, "epoll_pwait");
	same(errno, EINTR, "its errno");
	same(got, SIGUSR1, "the signal that was handled");
	must(pthread_sigmask(SIG_BLOCK, NULL, &set));
	same(sigismember(&set, SIGUSR1), 1, "SIGUSR1 blocked again");
	same(sigismember(&set, SIGUSR2), 0, "SIGUSR2 blocked");
	return NULL;
}

static void set_up(void)
{
	struct sigaction sa = { .sa_handler = handler };
	sigset_t set;

	must(sigaction(SIGUSR1, &sa, NULL));
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	must(sigprocmask(SIG_BLOCK, &set, NULL));
	epfd = must(epoll_create1(0));
	thread = thread_start(body, NULL);
	while (!tid)
		sleep_ms(1);
	await_syscall(tid, SYS_epoll_pwait);
}

static void check(void)
{
	sleep_ms(10);
	same(got, 0, "a signal before any");
	must(syscall(SYS_tgkill, getpid(), tid, SIGUSR1));
	thread_join(thread);
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.kill_limit = "the kernel ends such a call with EINTR when a task is stopped",
	.criu = "the kernel ends such a call with EINTR when a task is stopped",
};
