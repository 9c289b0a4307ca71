// SPDX-License-Identifier: GPL-2.0
/* Targets whose number was closed after a dup, or is another file's by now. */
#include "kind.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

static int epfd, first, second, moved, gone;

static void add(int fd, uint32_t data)
{
	struct epoll_event ev = { EPOLLIN, { .u32 = data } };

	must(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &ev));
}

static void set_up(void)
{
	int fd;

	epfd = must(epoll_create1(0));
	/* closed: known as 40, open as `gone` */
	gone = must(eventfd(0, 0));
	must(dup2(gone, 40));
	add(40, 1);
	close(40);
	/* reused: 41 was `moved`, then `second` */
	moved = must(eventfd(0, 0));
	must(dup2(moved, 41));
	add(41, 2);
	second = must(eventfd(0, 0));
	must(dup2(second, 41));
	add(41, 3);
	close(second);
	/* twice the same file, by two numbers */
	first = must(eventfd(0, 0));
	fd = must(dup(first));
	add(first, 4);
	add(fd, 5);
	close(fd);
}

static unsigned int take(void)
{
	struct epoll_event ev[8];
	unsigned int mask = 0;
	int nr = must(epoll_wait(epfd, ev, 8, 0));

	while (nr--)
		mask |= 1u << ev[nr].data.u32;
	return mask;
}

static void check(void)
{
	struct epoll_event ev = { EPOLLIN, { .u32 = 6 } };
	uint64_t one = 1;

	same(take(), 0, "events before any");
	must(write(gone, &one, 8));
	same(take(), 1 << 1, "events of the one whose number is closed");
	must(write(moved, &one, 8));
	same(take(), 1 << 1 | 1 << 2, "events with the one whose number is another's");
	must(write(41, &one, 8));
	same(take(), 1 << 1 | 1 << 2 | 1 << 3, "events with the other");
	must(write(first, &one, 8));
	same(take(), 0x3e, "events with the one that is added twice");
	/* what was added by another number can be added by this one, and taken out by that */
	must(epoll_ctl(epfd, EPOLL_CTL_ADD, gone, &ev));
	must(dup2(gone, 40));
	must(epoll_ctl(epfd, EPOLL_CTL_DEL, 40, NULL));
	must(epoll_ctl(epfd, EPOLL_CTL_DEL, 41, NULL));
	same(take(), 1 << 2 | 1 << 4 | 1 << 5 | 1 << 6, "events at the end");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "targets become known by the number that they have at the dump",
};
