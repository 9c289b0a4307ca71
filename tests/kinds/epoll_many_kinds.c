// SPDX-License-Identifier: GPL-2.0
/* An epoll that watches a signalfd, a timerfd, a fifo and a device. */
#include "kind.h"

#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

static int epfd, fds[4];
static char fifo[PATH_MAX];

static unsigned int take(void)
{
	struct epoll_event ev[8];
	unsigned int mask = 0;
	int nr = must(epoll_wait(epfd, ev, 8, 0));

	while (nr--)
		mask |= 1u << ev[nr].data.u32;
	return mask;
}

static void set_up(void)
{
	sigset_t set;

	epfd = must(epoll_create1(0));
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	must(sigprocmask(SIG_BLOCK, &set, NULL));
	fds[0] = must(signalfd(-1, &set, 0));
	fds[1] = must(timerfd_create(CLOCK_MONOTONIC, 0));
	snprintf(fifo, sizeof(fifo), "%s/fifo", kind_dir);
	must(mkfifo(fifo, 0600));
	fds[2] = must(open(fifo, O_RDWR | O_NONBLOCK));
	fds[3] = must(open("/dev/random", O_RDONLY));
	for (int i = 0; i < 4; i++) {
		struct epoll_event ev = { EPOLLIN, { .u32 = i } };

		must(epoll_ctl(epfd, EPOLL_CTL_ADD, fds[i], &ev));
	}
	must(kill(getpid(), SIGUSR1));
}

static void check(void)
{
	const struct itimerspec soon = { .it_value = { 0, 1 } };
	struct signalfd_siginfo info;

	same(take(), 1 << 0 | 1 << 3, "events of the signal that is pending, and the device");
	must(read(fds[0], &info, sizeof(info)));
	same(take(), 1 << 3, "events of the device");
	must(timerfd_settime(fds[1], 0, &soon, NULL));
	must(write(fds[2], "x", 1));
	sleep_ms(1);
	same(take(), 0xe, "events of all but the signal");
	must(kill(getpid(), SIGUSR1));
	same(take(), 0xf, "events of all");
}

const struct kind kind = { .set_up = set_up, .check = check };
