// SPDX-License-Identifier: GPL-2.0
/* A terminal whose other end a process outside the tree has is refused by name. */
#include "kind.h"

static int slave;

static void set_up(void)
{
	int master = must(posix_openpt(O_RDWR | O_NOCTTY)), unlock = 0;
	pid_t pid;

	must(ioctl(master, TIOCSPTLCK, &unlock));
	pid = must(fork());
	if (!pid) {
		/* an orphan is no task of the tree */
		if (fork())
			_exit(0);
		mark("outside");
		await_mark("go");
		_exit(0);
	}
	child_done(pid);
	await_mark("outside");
	slave = must(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY));
	must(close(master));
}

static void check(void)
{
	must(fcntl(slave, F_GETFD));
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.refuse = "/dev/pts/|not of the tree",
};
