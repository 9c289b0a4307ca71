// SPDX-License-Identifier: GPL-2.0
/* Directories of a task that is not allowed to enter them any more. */
#include "kind.h"

static int fd;

static void set_up(void)
{
	must(mkdir("closed", 0700));
	file_write("closed/file", "content");
	must(chmod("closed/file", 0600));
	must(chdir("closed"));
	fd = must(open("file", O_RDWR));
	must(setresgid(1000, 1000, 1000));
	must(setresuid(1000, 1000, 1000));
}

static void check(void)
{
	char buf[16];

	same(must(pread(fd, buf, sizeof(buf), 0)), 7, "bytes read");
	same(must(pwrite(fd, "C", 1, 0)), 1, "bytes written");
	same(open("file", O_RDONLY), -1, "open of the file by a user who may not");
	same(errno, EACCES, "errno of that open");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "cannot read another user's limits without CAP_SYS_RESOURCE",
};
