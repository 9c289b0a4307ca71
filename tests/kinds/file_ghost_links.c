// SPDX-License-Identifier: GPL-2.0
/* One file deleted under two names, both open: still one file, without a link. */
#include "kind.h"

static int first, second;

static void set_up(void)
{
	file_write("one", "content");
	must(link("one", "two"));
	first = must(open("one", O_RDWR));
	second = must(open("two", O_RDWR));
	must(unlink("one"));
	must(unlink("two"));
}

static void check(void)
{
	struct stat a, b;
	char c;

	must(fstat(first, &a));
	must(fstat(second, &b));
	same(a.st_ino, b.st_ino, "inode of the second descriptor");
	same(a.st_nlink, 0, "links");
	must(pwrite(first, "C", 1, 0));
	same(must(pread(second, &c, 1, 0)), 1, "bytes read");
	same(c, 'C', "byte written through the other descriptor");
}

const struct kind kind = { .set_up = set_up, .check = check };
