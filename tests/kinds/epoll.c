// SPDX-License-Identifier: GPL-2.0
/* An epoll with level-triggered, edge-triggered, one-shot and exclusive targets. */
#include "kind.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

enum { LEVEL, EDGE_TAKEN, EDGE_NEW, ONCE, ONCE_TAKEN, EXCLUSIVE, NR };

static const uint32_t events[NR] = {
	EPOLLIN,	 EPOLLIN | EPOLLET,	 EPOLLIN | EPOLLET,
	EPOLLIN | EPOLLONESHOT, EPOLLIN | EPOLLONESHOT, EPOLLIN | EPOLLEXCLUSIVE,
};
static int epfd, pipes[NR][2];

/* The events that wait, as a mask of targets. */
static unsigned int take(void)
{
	struct epoll_event ev[NR];
	unsigned int mask = 0;
	int nr = must(epoll_wait(epfd, ev, NR, 0));

	while (nr--) {
		if (ev[nr].data.u64 >> 8 != 0x1234567890abc)
			fail("data is %#llx", (unsigned long long)ev[nr].data.u64);
		mask |= 1u << (ev[nr].data.u64 & 0xff);
	}
	return mask;
}

static void put(int i)
{
	must(write(pipes[i][1], "x", 1));
}

static void set_up(void)
{
	epfd = must(epoll_create1(EPOLL_CLOEXEC));
	for (int i = 0; i < NR; i++) {
		struct epoll_event ev = { events[i], { .u64 = 0x1234567890abc00 | i } };

		must(pipe2(pipes[i], O_NONBLOCK));
		must(epoll_ctl(epfd, EPOLL_CTL_ADD, pipes[i][0], &ev));
	}
	put(EDGE_TAKEN);
	put(ONCE_TAKEN);
	same(take(), 1 << EDGE_TAKEN | 1 << ONCE_TAKEN, "events at the start");
	same(take(), 0, "events that stay");
}

static void check(void)
{
	struct epoll_event ev = { EPOLLIN, { .u64 = 0x1234567890abc00 | ONCE_TAKEN } };

	same(must(fcntl(epfd, F_GETFD)), FD_CLOEXEC, "close-on-exec");
	same(take(), 0, "events that were taken before");
	put(EDGE_TAKEN);
	put(ONCE_TAKEN);
	same(take(), 1 << EDGE_TAKEN, "a new edge, but not for the disarmed one");
	for (int i = 0; i < NR; i++)
		put(i);
	same(take(), 1 << LEVEL | 1 << EDGE_TAKEN | 1 << EDGE_NEW | 1 << ONCE | 1 << EXCLUSIVE,
	     "events for all");
	same(take(), 1 << LEVEL | 1 << EXCLUSIVE, "events that stay");
	must(epoll_ctl(epfd, EPOLL_CTL_MOD, pipes[ONCE_TAKEN][0], &ev));
	must(epoll_ctl(epfd, EPOLL_CTL_DEL, pipes[LEVEL][0], NULL));
	same(take(), 1 << ONCE_TAKEN | 1 << EXCLUSIVE, "events after that");
	ev.events = EPOLLIN | EPOLLEXCLUSIVE;
	same(epoll_ctl(epfd, EPOLL_CTL_MOD, pipes[EXCLUSIVE][0], &ev), -1,
	     "change of the exclusive");
	same(errno, EINVAL, "errno of that");
	same(epoll_ctl(epfd, EPOLL_CTL_ADD, pipes[EDGE_NEW][0], &ev), -1, "adding one twice");
	same(errno, EEXIST, "errno of that");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "edges that were taken fire again, and disarmed targets are armed for hang-ups",
};
