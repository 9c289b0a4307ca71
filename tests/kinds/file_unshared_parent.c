// SPDX-License-Identifier: GPL-2.0
/* An open file that two children share and their parent no longer has. */
#include "kind.h"

static int fd;
static pid_t first, second;

static void first_body(void)
{
	await_go();
	must(lseek(fd, 8, SEEK_SET));
	mark("moved");
}

static void second_body(void)
{
	char c;

	await_mark("moved");
	same(must(read(fd, &c, 1)), 1, "bytes read");
	same(c, '8', "byte that the second child read");
}

static void set_up(void)
{
	file_write("file", "0123456789");
	fd = must(open("file", O_RDONLY));
	first = child_start(first_body);
	second = child_start(second_body);
	close(fd);
	/* The same number is another file here. */
	same(must(open("/dev/null", O_RDONLY)), fd, "descriptor of another file");
}

static void check(void)
{
	child_done(first);
	child_done(second);
}

const struct kind kind = { .set_up = set_up, .check = check };
