// SPDX-License-Identifier: GPL-2.0
/* A file that vanished between dump and restore: refused, with its name. */
#include "kind.h"

static int fd;

static void set_up(void)
{
	file_write("precious", "0123456789");
	fd = must(open("precious", O_RDONLY));
}

static void check(void)
{
	same(lseek(fd, 0, SEEK_CUR), 0, "position");
}

static void between(void)
{
	must(unlink("precious"));
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.between = between,
	.refuse_restore = "precious",
};
