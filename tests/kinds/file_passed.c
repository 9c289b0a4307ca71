// SPDX-License-Identifier: GPL-2.0
/* One open file that reached another task by another way than fork: pidfd_getfd. */
#include "kind.h"

static pid_t child;
static int fd;

static void body(void)
{
	int own;

	file_write("file", "0123456789");
	own = must(open("file", O_RDWR));
	must(dup2(own, 90));
	close(own);
	mark("child");
	await_mark("moved");
	same(lseek(90, 0, SEEK_CUR), 6, "position of the child's descriptor");
}

static void set_up(void)
{
	int pidfd;

	child = child_start(body);
	await_mark("child");
	pidfd = syscall(SYS_pidfd_open, child, 0);
	if (pidfd < 0 || (fd = syscall(438 /* pidfd_getfd */, pidfd, 90, 0)) < 0)
		skip("no pidfd_getfd here: %s", strerror(errno));
	close(pidfd);
}

static void check(void)
{
	must(lseek(fd, 6, SEEK_SET));
	mark("moved");
	child_done(child);
}

const struct kind kind = { .set_up = set_up, .check = check };
