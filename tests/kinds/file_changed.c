// SPDX-License-Identifier: GPL-2.0
/* A file that changed its size between dump and restore: refused, with the name and both sizes. */
#include "kind.h"

static int fd;

static void set_up(void)
{
	file_write("precious", "0123456789");
	fd = must(open("precious", O_RDONLY));
	must(lseek(fd, 5, SEEK_SET));
}

static void check(void)
{
	same(lseek(fd, 0, SEEK_CUR), 5, "position");
}

static void between(void)
{
	file_write("precious", "0123456789 and more");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.between = between,
	.refuse_restore = "precious",
};
