// SPDX-License-Identifier: GPL-2.0
/* Eventfds: a counter, and one that does not block. */
#include "kind.h"

#include <sys/eventfd.h>

static int plain, empty;

static void set_up(void)
{
	plain = must(eventfd(3, EFD_CLOEXEC));
	empty = must(eventfd(0, EFD_NONBLOCK));
}

static void check(void)
{
	uint64_t value;

	same(must(fcntl(plain, F_GETFD)), FD_CLOEXEC, "close-on-exec");
	same(must(fcntl(plain, F_GETFL)), O_RDWR, "flags");
	same(must(fcntl(empty, F_GETFL)), O_RDWR | O_NONBLOCK, "flags of the other");
	same(read(empty, &value, 8), -1, "read from the empty one");
	same(errno, EAGAIN, "errno of that");
	value = 4;
	must(write(plain, &value, 8));
	must(read(plain, &value, 8));
	same(value, 7, "counter");
}

const struct kind kind = { .set_up = set_up, .check = check };
