// SPDX-License-Identifier: GPL-2.0
/* A System V shared memory segment is refused by name. */
#include "kind.h"

#include <sys/shm.h>

static char *mem;

static void set_up(void)
{
	int id = must(shmget(IPC_PRIVATE, 65536, 0600));

	mem = shmat(id, NULL, 0);
	must(shmctl(id, IPC_RMID, NULL));
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
	.refuse = "System V",
	.criu = "needs an IPC namespace",
};
