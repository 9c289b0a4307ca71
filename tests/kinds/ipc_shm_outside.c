// SPDX-License-Identifier: GPL-2.0
/* System V shared memory that a process outside the tree has attached too is refused by name. */
#include "kind.h"

#include <sys/shm.h>

static char *mem;

static void set_up(void)
{
	int id = must(shmget(IPC_PRIVATE, 65536, 0600));
	pid_t pid;

	mem = shmat(id, NULL, 0);
	must(shmctl(id, IPC_RMID, NULL));
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
	fill(mem, 4096, 1);
}

static void check(void)
{
	if (!filled(mem, 4096, 1))
		fail("the content changed");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.refuse = "System V|not of the tree",
	.criu = "needs an IPC namespace of the tree's own",
};
