// SPDX-License-Identifier: GPL-2.0
/* Descriptors that only name a file or directory (O_PATH). */
#include "kind.h"

static int fd, dir;

static void set_up(void)
{
	file_write("file", "text");
	must(mkdir("dir", 0755));
	file_write("dir/inner", "inner");
	fd = must(open("file", O_PATH));
	dir = must(open("dir", O_PATH | O_DIRECTORY));
}

static void check(void)
{
	char path[64], c;
	int again;

	same(must(fcntl(fd, F_GETFL)) & O_PATH, O_PATH, "flag O_PATH of the file");
	same(must(fcntl(dir, F_GETFL)) & O_PATH, O_PATH, "flag O_PATH of the directory");
	same(read(fd, &c, 1), -1, "read from an O_PATH descriptor");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = must(open(path, O_RDONLY));
	same(must(read(again, &c, 1)), 1, "bytes read");
	same(must(faccessat(dir, "inner", F_OK, 0)), 0, "file in the directory");
}

const struct kind kind = { .set_up = set_up, .check = check };
