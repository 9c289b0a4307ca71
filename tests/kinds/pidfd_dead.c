// SPDX-License-Identifier: GPL-2.0
/* Pidfds of processes that were reaped: two of one, one of another that a child has too. */
#include "kind.h"

static int first, again, other;
static pid_t child;

static void dead_body(void)
{
}

static void looks_dead(int fd)
{
	struct pollfd pfd = { fd, POLLIN, 0 };

	same(must(poll(&pfd, 1, 0)), 1, "readiness");
	same(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0), -1, "signal to it");
	same(errno, ESRCH, "errno of that");
}

static void child_body(void)
{
	await_mark("look");
	looks_dead(other);
}

static void set_up(void)
{
	pid_t a = child_start(dead_body), b = child_start(dead_body);

	first = must(syscall(SYS_pidfd_open, a, 0));
	again = must(syscall(SYS_pidfd_open, a, 0));
	other = must(syscall(SYS_pidfd_open, b, 0));
	child_done(a);
	child_done(b);
	child = child_start(child_body);
}

static void check(void)
{
	struct stat st[3];

	looks_dead(first);
	looks_dead(again);
	looks_dead(other);
	must(fstat(first, &st[0]));
	must(fstat(again, &st[1]));
	must(fstat(other, &st[2]));
	same(st[0].st_ino, st[1].st_ino, "inode of both");
	same(st[0].st_dev, st[2].st_dev, "their file system");
	mark("look");
	child_done(child);
}

const struct kind kind = { .set_up = set_up, .check = check };
