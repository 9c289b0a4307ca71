// SPDX-License-Identifier: GPL-2.0
/* An eventfd that counts as a semaphore: each read takes one. */
#include "kind.h"

#include <sys/eventfd.h>

static int fd;

static void set_up(void)
{
	fd = must(eventfd(3, EFD_SEMAPHORE | EFD_NONBLOCK));
}

static void check(void)
{
	uint64_t value;

	for (int i = 0; i < 3; i++) {
		must(read(fd, &value, 8));
		same(value, 1, "what read %d took", i);
	}
	same(read(fd, &value, 8), -1, "the read after the last");
	same(errno, EAGAIN, "errno of that");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "forgets that it is a semaphore",
};
