// SPDX-License-Identifier: GPL-2.0
/* One open file shared by tasks after fork, under other numbers, and one of a child alone. */
#include "kind.h"

static int fd;
static pid_t child, grandchild;

static void grand_body(void)
{
	mark("grandchild");
	await_mark("child-read");
	same(lseek(77, 0, SEEK_CUR), 6, "position seen by the grandchild");
	must(lseek(77, 9, SEEK_SET));
}

static void body(void)
{
	int own = must(open("file", O_RDONLY));
	char c;

	must(lseek(own, 5, SEEK_SET));
	must(dup2(fd, 77));
	close(fd);
	grandchild = child_start(grand_body);
	close(own);
	own = must(open("file", O_RDONLY));
	must(lseek(own, 2, SEEK_SET));
	mark("child");
	await_mark("parent-read");
	same(must(read(77, &c, 1)), 1, "bytes read");
	same(c, '5', "byte that the child read");
	same(lseek(own, 0, SEEK_CUR), 2, "position of the child's own file");
	mark("child-read");
	child_done(grandchild);
}

static void set_up(void)
{
	file_write("file", "0123456789");
	fd = must(open("file", O_RDWR));
	must(lseek(fd, 4, SEEK_SET));
	child = child_start(body);
	await_mark("child");
	await_mark("grandchild");
}

static void check(void)
{
	char c;

	same(must(read(fd, &c, 1)), 1, "bytes read");
	same(c, '4', "byte that the parent read");
	mark("parent-read");
	child_done(child);
	same(lseek(fd, 0, SEEK_CUR), 9, "position after the grandchild moved it");
}

const struct kind kind = { .set_up = set_up, .check = check };
