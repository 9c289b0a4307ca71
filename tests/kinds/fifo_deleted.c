// SPDX-License-Identifier: GPL-2.0
/* A FIFO that was deleted while open, with data in it. */
#include "kind.h"

static int fd;

static void set_up(void)
{
	must(mkfifo("fifo", 0600));
	fd = must(open("fifo", O_RDWR));
	must(write(fd, "queued", 6));
	must(unlink("fifo"));
}

static void check(void)
{
	char buf[16];

	same(must(read(fd, buf, sizeof(buf))), 6, "bytes read");
	same(access("fifo", F_OK), -1, "the deleted FIFO has its name again");
}

const struct kind kind = { .set_up = set_up, .check = check };
