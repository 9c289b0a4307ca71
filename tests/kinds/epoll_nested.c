// SPDX-License-Identifier: GPL-2.0
/* An epoll that watches an epoll, both shared with a child that adds and waits. */
#include "kind.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

static int outer, inner, event;
static pid_t child;

static void body(void)
{
	struct epoll_event ev;

	same(must(epoll_wait(outer, &ev, 1, -1)), 1, "events of the outer one");
	same(ev.data.u32, 7, "its data");
	same(must(epoll_wait(inner, &ev, 1, -1)), 1, "events of the inner one");
	same(ev.data.u32, 8, "its data");
}

static void set_up(void)
{
	struct epoll_event ev = { EPOLLIN, { .u32 = 7 } };

	/* the outer one has the lower number: its target comes later */
	outer = must(epoll_create1(0));
	inner = must(epoll_create1(EPOLL_CLOEXEC));
	event = must(eventfd(0, 0));
	must(epoll_ctl(outer, EPOLL_CTL_ADD, inner, &ev));
	ev.data.u32 = 8;
	must(epoll_ctl(inner, EPOLL_CTL_ADD, event, &ev));
	child = child_start(body);
	await_syscall(child, SYS_epoll_wait);
}

static void check(void)
{
	struct pollfd pfd = { outer, POLLIN, 0 };
	uint64_t one = 1;

	same(must(poll(&pfd, 1, 0)), 0, "readiness before any event");
	must(write(event, &one, 8));
	child_done(child);
	same(must(poll(&pfd, 1, 0)), 1, "readiness after it");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "epoll_wait returns EINTR",
};
