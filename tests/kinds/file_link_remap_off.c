// SPDX-License-Identifier: GPL-2.0
/* A deleted name of a file that has another name is refused without --link-remap, naming the
 * option. */
#include "kind.h"

static int fd;

static void set_up(void)
{
	file_write("file", "linked");
	must(link("file", "elsewhere"));
	fd = must(open("file", O_RDWR));
	must(unlink("file"));
}

static void check(void)
{
	struct stat st;

	must(fstat(fd, &st));
	same(st.st_nlink, 1, "links");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.refuse = "--link-remap",
};
