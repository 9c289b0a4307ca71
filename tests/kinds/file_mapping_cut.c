// SPDX-License-Identifier: GPL-2.0
/* A mapped file that was cut short between dump and restore: refused, with its name. */
#include "kind.h"

static char *mem;

static void set_up(void)
{
	int fd = must(open("precious", O_CREAT | O_RDWR, 0644));

	must(ftruncate(fd, 8192));
	mem = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
}

static void check(void)
{
	same(mem[8191], 0, "last byte");
}

static void between(void)
{
	must(truncate("precious", 100));
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.between = between,
	.refuse_restore = "precious",
};
