// SPDX-License-Identifier: GPL-2.0
/* A deleted file larger than --ghost-limit is refused, saying so. */
#include "kind.h"

static int fd;

static void set_up(void)
{
	static char data[1 << 20];

	fill(data, sizeof(data), 1);
	fd = must(open("file", O_RDWR | O_CREAT, 0644));
	must(write(fd, data, sizeof(data)));
	must(write(fd, data, sizeof(data)));
	must(unlink("file"));
}

static void check(void)
{
	same(lseek(fd, 0, SEEK_CUR), 2 << 20, "position");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.refuse = "ghost-limit",
};
