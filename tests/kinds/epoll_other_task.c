// SPDX-License-Identifier: GPL-2.0
/* An epoll shared by two tasks watches files that only one of them has, or neither by number. */
#include "kind.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

static int epfd;
static pid_t child;

static void add(int fd, uint32_t data)
{
	struct epoll_event ev = { EPOLLIN, { .u32 = data } };

	must(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &ev));
}

static void body(void)
{
	int moved = must(eventfd(0, 0)), fd = must(eventfd(0, 0));
	uint64_t one = 1;

	must(dup2(fd, 60));
	add(60, 6);
	must(dup2(moved, 61));
	add(61, 7);
	close(61);
	mark("added");
	await_mark("write");
	must(write(60, &one, 8));
	must(write(moved, &one, 8));
	mark("written");
	await_mark("end");
}

static void set_up(void)
{
	epfd = must(epoll_create1(0));
	child = child_start(body);
	await_mark("added");
}

static void check(void)
{
	struct epoll_event ev[4];
	unsigned int mask = 0;
	int nr;

	same(must(epoll_wait(epfd, ev, 4, 0)), 0, "events before any");
	same(fcntl(60, F_GETFD), -1, "a descriptor of the other task");
	mark("write");
	await_mark("written");
	nr = must(epoll_wait(epfd, ev, 4, 0));
	while (nr--)
		mask |= 1u << ev[nr].data.u32;
	same(mask, 1 << 6 | 1 << 7, "events");
	mark("end");
	child_done(child);
	/* with the last descriptor the file is gone, and no longer watched */
	same(must(epoll_wait(epfd, ev, 4, 0)), 0, "events at the end");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "looks for targets among the descriptors of one task",
};
