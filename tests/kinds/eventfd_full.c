// SPDX-License-Identifier: GPL-2.0
/* An eventfd whose counter is as high as it can be. */
#include "kind.h"

#include <sys/eventfd.h>

static int fd;

static void set_up(void)
{
	uint64_t value = UINT64_MAX - 1;

	fd = must(eventfd(0, EFD_NONBLOCK));
	must(write(fd, &value, 8));
}

static void check(void)
{
	uint64_t value = 1;

	same(write(fd, &value, 8), -1, "write to it");
	same(errno, EAGAIN, "errno of that");
	must(read(fd, &value, 8));
	same(value, UINT64_MAX - 1, "its counter");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "keeps 32 bits of the counter",
};
