// SPDX-License-Identifier: GPL-2.0
/* A deleted file, whose name another file has now; that file stays as it is. */
#include "kind.h"

static int fd, successor;

static void set_up(void)
{
	fd = must(open("file", O_RDWR | O_CREAT, 0644));
	must(write(fd, "old", 3));
	must(unlink("file"));
	file_write("file", "another");
	successor = must(open("file", O_RDONLY));
}

static void check(void)
{
	char buf[16];
	struct stat st;

	same(must(pread(fd, buf, sizeof(buf), 0)), 3, "bytes of the deleted file");
	if (memcmp(buf, "old", 3))
		fail("the deleted file has other content");
	same(must(pread(successor, buf, sizeof(buf), 0)), 7, "bytes of its successor");
	same(file_read("file", buf, sizeof(buf)), 7, "bytes under its name");
	must(fstat(fd, &st));
	same(st.st_nlink, 0, "links of the deleted file");
	must(fstat(successor, &st));
	same(st.st_nlink, 1, "links of its successor");
}

const struct kind kind = { .set_up = set_up, .check = check };
