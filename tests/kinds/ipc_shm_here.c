// SPDX-License-Identifier: GPL-2.0
/* System V shared memory in the namespace that crctl is in too: gone with its users, and kept. */
#include "kind.h"

#include <sys/shm.h>

#define LEN 70000

static int kept;
static char *mem, *dying;
static pid_t child;

static void body(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	await_mark("look");
	if (!filled(dying, LEN, 1))
		fail("the child sees other content");
	dying[0] = 'c';
	mark("looked");
	await_mark("over");
}

static void set_up(void)
{
	int id = must(shmget(IPC_PRIVATE, LEN, 0600));

	dying = shmat(id, NULL, 0);
	must(shmctl(id, IPC_RMID, NULL));
	fill(dying, LEN, 1);
	kept = must(shmget(IPC_PRIVATE, LEN, 0640));
	mem = shmat(kept, NULL, 0);
	fill(mem, LEN, 2);
	child = child_start(body);
}

/* What is written to it while nobody has it is not what was dumped. */
static void between(void)
{
	struct shm_info info;
	int max = must(shmctl(0, SHM_INFO, (struct shmid_ds *)&info)), i;

	for (i = 0; i <= max; i++) {
		struct shmid_ds ds;
		int id = shmctl(i, SHM_STAT, &ds);
		char *at;

		if (id < 0 || ds.shm_segsz != LEN || ds.shm_nattch || ds.shm_perm.__key)
			continue;
		at = shmat(id, NULL, 0);
		at[100]++;
		must(shmdt(at));
	}
}

static void check(void)
{
	struct shmid_ds ds;

	mark("look");
	await_mark("looked");
	must(shmctl(kept, IPC_STAT, &ds));
	same(ds.shm_perm.mode & 0777, 0640, "permissions");
	same(ds.shm_nattch, 2, "attaches");
	mark("over");
	child_done(child);
	must(shmctl(kept, IPC_RMID, NULL));
	if (!filled(mem, LEN, 2))
		fail("the content changed");
	same(dying[0], 'c', "a byte that the child wrote");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.between = between,
	.criu = "needs an IPC namespace of the tree's own",
};
