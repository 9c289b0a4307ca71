// SPDX-License-Identifier: GPL-2.0
/* An open file of /proc that belongs to a task that is gone. */
#include "kind.h"

static int fd, dir;

static void body(void)
{
	await_mark("opened");
}

static void set_up(void)
{
	pid_t pid = child_start(body);
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	fd = must(open(path, O_RDONLY));
	snprintf(path, sizeof(path), "/proc/%d", pid);
	dir = must(open(path, O_RDONLY | O_DIRECTORY));
	mark("opened");
	child_done(pid);
}

static void check(void)
{
	char buf[64];

	same(read(fd, buf, sizeof(buf)), -1, "read of a dead task's status");
	same(errno, ESRCH, "errno of that read");
	same(faccessat(dir, "status", F_OK, 0), -1, "file in a dead task's directory");
	must(fcntl(dir, F_GETFD));
}

const struct kind kind = { .set_up = set_up, .check = check };
