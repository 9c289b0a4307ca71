// SPDX-License-Identifier: GPL-2.0
/* Files whose permission bits are gone since they were opened. */
#include "kind.h"

static int no_bits, read_only_fd;

static void set_up(void)
{
	no_bits = must(open("bare", O_CREAT | O_RDWR, 0));
	must(write(no_bits, "x", 1));
	file_write("plain", "text");
	read_only_fd = must(open("plain", O_RDWR));
	must(chmod("plain", 0400));
}

static void check(void)
{
	struct stat st;

	must(fstat(no_bits, &st));
	same(st.st_mode & 07777, 0, "mode");
	same(must(pwrite(no_bits, "y", 1, 0)), 1, "bytes written");
	same(must(pwrite(read_only_fd, "T", 1, 0)), 1, "bytes written to the file made read-only");
	must(fstat(read_only_fd, &st));
	same(st.st_mode & 07777, 0400, "mode of the file made read-only");
}

const struct kind kind = { .set_up = set_up, .check = check };
