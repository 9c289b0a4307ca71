// SPDX-License-Identifier: GPL-2.0
/* An edge that nobody has taken is not lost. */
#include "kind.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

static int epfd, fds[3];

static void set_up(void)
{
	epfd = must(epoll_create1(0));
	for (int i = 0; i < 3; i++) {
		struct epoll_event ev = { EPOLLIN | (i ? EPOLLET : 0), { .u32 = i } };

		fds[i] = must(eventfd(i < 2, 0));
		must(epoll_ctl(epfd, EPOLL_CTL_ADD, fds[i], &ev));
	}
}

static void check(void)
{
	struct epoll_event ev[4];
	unsigned int mask = 0;
	int nr = must(epoll_wait(epfd, ev, 4, 0));

	while (nr--)
		mask |= 1u << ev[nr].data.u32;
	same(mask, 3, "events");
	same(must(epoll_wait(epfd, ev, 4, 0)), 1, "events that stay");
	same(ev[0].data.u32, 0, "the one that stays");
}

const struct kind kind = { .set_up = set_up, .check = check };
