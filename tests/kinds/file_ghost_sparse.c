// SPDX-License-Identifier: GPL-2.0
/* A deleted sparse file of a gigabyte stays sparse. */
#include "kind.h"

#define LEN (1LL << 30)

static int fd;

static void set_up(void)
{
	char data[8192];

	fd = must(open("file", O_RDWR | O_CREAT, 0644));
	fill(data, sizeof(data), 1);
	must(pwrite(fd, data, sizeof(data), 1 << 20));
	fill(data, sizeof(data), 2);
	must(pwrite(fd, data, sizeof(data), LEN / 2));
	must(ftruncate(fd, LEN));
	must(unlink("file"));
}

static void check(void)
{
	char data[8192];
	struct stat st;

	must(fstat(fd, &st));
	same(st.st_size, LEN, "size");
	if (st.st_blocks * 512 > 1 << 20)
		fail("the file takes %lld KiB now", (long long)st.st_blocks / 2);
	must(pread(fd, data, sizeof(data), 1 << 20));
	if (!filled(data, sizeof(data), 1))
		fail("the first piece of data changed");
	must(pread(fd, data, sizeof(data), LEN / 2));
	if (!filled(data, sizeof(data), 2))
		fail("the second piece of data changed");
	must(pread(fd, data, 1, LEN - 1));
	same(data[0], 0, "last byte");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.options = "--ghost-limit 2G",
};
