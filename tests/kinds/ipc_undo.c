// SPDX-License-Identifier: GPL-2.0
/* What the end of a task would undo of its semaphore operations cannot be seen: refused. */
#include "kind.h"

#include <sys/sem.h>

static int set;

static void set_up(void)
{
	struct sembuf up = { 0, 1, SEM_UNDO };

	must(unshare(CLONE_NEWIPC));
	set = must(semget(IPC_PRIVATE, 1, 0600));
	must(semop(set, &up, 1));
}

static void check(void)
{
	same(must(semctl(set, 0, GETVAL)), 1, "the semaphore");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.refuse = "SEM_UNDO",
	.criu = "forgets what the end of a task would undo",
};
