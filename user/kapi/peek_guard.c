// SPDX-License-Identifier: GPL-2.0
/*
 * The guard shares crctl's memory and descriptors, so it knows without a word which
 * socket is being looked into; the kernel tells it of crctl's end (PR_SET_PDEATHSIG).
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kapi/peek_guard.h"
#include "stub/syscall.h"

#define STACK_LEN 16384
#define SIGNO_END SIGTERM

struct peek_guard {
	char *stack;
	pid_t pid, parent;
	volatile int fd, was; /* fd -1: nothing to put back */
};

/* Runs in memory that crctl uses at the same time: no libc, which has an errno. */
static int guard_run(void *arg)
{
	struct peek_guard *g = arg;
	unsigned long all = ~0ul, end = 1ul << (SIGNO_END - 1);
	int fd, was;

	sys4(__NR_rt_sigprocmask, SIG_SETMASK, &all, 0, 8);
	sys5(__NR_prctl, PR_SET_PDEATHSIG, SIGNO_END, 0, 0, 0);
	if (sys0(__NR_getppid) == g->parent)
		sys4(__NR_rt_sigtimedwait, &end, 0, 0, 8);
	fd = g->fd;
	was = g->was;
	if (fd >= 0)
		sys5(__NR_setsockopt, fd, SOL_SOCKET, SO_PEEK_OFF, &was, sizeof(was));
	sys1(__NR_exit_group, 0);
	return 0;
}

int peek_guard_start(struct peek_guard **ret_guard)
{
	struct peek_guard *g = calloc(1, sizeof(*g));
	int ret;

	if (!g)
		return -ENOMEM;
	g->fd = -1;
	g->parent = getpid();
	g->stack = mmap(NULL, STACK_LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			0);
	if (g->stack == MAP_FAILED) {
		free(g);
		return -ENOMEM;
	}
	g->pid = clone(guard_run, g->stack + STACK_LEN, CLONE_VM | CLONE_FILES, g);
	ret = -errno;
	if (g->pid < 0) {
		munmap(g->stack, STACK_LEN);
		free(g);
		return ret;
	}
	*ret_guard = g;
	return 0;
}

void peek_guard_stop(struct peek_guard *g)
{
	if (!g)
		return;
	(void)peek_end(g);
	kill(g->pid, SIGKILL);
	while (waitpid(g->pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	munmap(g->stack, STACK_LEN);
	free(g);
}

int peek_begin(struct peek_guard *g, int fd, int was, int offset)
{
	g->was = was;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	g->fd = fd;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return peek_move(fd, offset);
}

int peek_move(int fd, int offset)
{
	return setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof(offset)) ? -errno : 0;
}

int peek_end(struct peek_guard *g)
{
	int ret = g->fd >= 0 ? peek_move(g->fd, g->was) : 0;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	g->fd = -1;
	return ret;
}
