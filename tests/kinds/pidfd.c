// SPDX-License-Identifier: GPL-2.0
/* Pidfds of the program itself, its parent by the child, a sibling, a child, and a zombie. */
#include "kind.h"

#include <sys/epoll.h>

static int self, child_fd, zombie_fd, epfd;
static pid_t child, sibling, zombie;

static int pidfd_open_(pid_t pid, unsigned int flags)
{
	return must(syscall(SYS_pidfd_open, pid, flags));
}

static void pidfd_signal(int fd, int sig)
{
	must(syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0));
}

static pid_t pid_of(int fd)
{
	char file[32];

	snprintf(file, sizeof(file), "fdinfo/%d", fd);
	return atoi(proc_line(getpid(), file, "Pid:"));
}

static void sibling_body(void)
{
	pause();
}

static void child_body(void)
{
	int parent = pidfd_open_(getppid(), 0), brother = pidfd_open_(sibling, O_NONBLOCK);

	mark("opened");
	await_mark("look");
	same(pid_of(parent), getppid(), "the parent's PID");
	same(pid_of(self), getppid(), "PID by the descriptor that the parent made");
	same(pid_of(brother), sibling, "the sibling's PID");
	same(must(fcntl(brother, F_GETFL)) & O_NONBLOCK, O_NONBLOCK, "flag of that pidfd");
	pidfd_signal(parent, 0);
	pidfd_signal(brother, SIGKILL);
}

static void dead_body(void)
{
}

static void set_up(void)
{
	struct epoll_event ev = { EPOLLIN, { .u32 = 1 } };

	self = pidfd_open_(getpid(), 0);
	sibling = child_start(sibling_body);
	child = child_start(child_body);
	child_fd = pidfd_open_(child, 0);
	zombie = child_start(dead_body);
	zombie_fd = pidfd_open_(zombie, 0);
	epfd = must(epoll_create1(0));
	must(epoll_ctl(epfd, EPOLL_CTL_ADD, child_fd, &ev));
	await_mark("opened");
	await_state(zombie, 'Z');
}

static void check(void)
{
	struct pollfd pfd[2] = { { child_fd, POLLIN, 0 }, { zombie_fd, POLLIN, 0 } };
	struct epoll_event ev;
	siginfo_t info;

	same(must(fcntl(self, F_GETFD)), FD_CLOEXEC, "close-on-exec");
	same(pid_of(self), getpid(), "PID");
	same(pid_of(child_fd), child, "the child's PID");
	same(must(poll(pfd, 2, 0)), 1, "pidfds that are ready");
	same(pfd[1].revents, POLLIN, "events of the zombie");
	same(must(epoll_wait(epfd, &ev, 1, 0)), 0, "events of the child");
	must(waitid(P_PIDFD, zombie_fd, &info, WEXITED));
	same(info.si_pid, zombie, "the zombie's PID");
	mark("look");
	same(must(epoll_wait(epfd, &ev, 1, 10000)), 1, "events of the child");
	must(waitid(P_PIDFD, child_fd, &info, WEXITED));
	same(info.si_status, 0, "the child's status");
	same(child_wait(sibling), SIGKILL, "status of the sibling");
}

const struct kind kind = { .set_up = set_up, .check = check };
