// SPDX-License-Identifier: GPL-2.0
/* System V shared memory of an IPC namespace: attached by two tasks, and detached. */
#include "kind.h"

#include <sys/shm.h>

#define LEN 65536

static int kept, detached, shared;
static char *mem, *common;
static pid_t child;

static void body(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	must(shmdt(mem));
	mark("child");
	await_mark("look");
	if (!filled(common, LEN, 4))
		fail("the child sees other content");
	common[0] = 'c';
	mark("looked");
	await_mark("over");
}

static void set_up(void)
{
	char *at;

	must(unshare(CLONE_NEWIPC));
	/* so that identifiers have gaps */
	must(shmctl(must(shmget(5, 4096, IPC_CREAT)), IPC_RMID, NULL));
	kept = must(shmget(0x1234, LEN - 100, IPC_CREAT | IPC_EXCL | 0640));
	mem = shmat(kept, NULL, 0);
	fill(mem, LEN - 100, 1);
	detached = must(shmget(0x77, 1 << 20, IPC_CREAT | 0604));
	at = shmat(detached, NULL, 0);
	fill(at + 500000, 4096, 2);
	must(shmdt(at));
	shared = must(shmget(0x99, LEN, IPC_CREAT | 0666));
	common = shmat(shared, NULL, 0);
	fill(common, LEN, 4);
	child = child_start(body);
	await_mark("child");
}

static void check(void)
{
	struct shmid_ds ds;
	char *again;

	must(shmctl(kept, IPC_STAT, &ds));
	same(ds.shm_perm.__key, 0x1234, "key");
	same(ds.shm_perm.mode & 0777, 0640, "permissions");
	same(ds.shm_segsz, LEN - 100, "size");
	same(ds.shm_nattch, 1, "attaches of one task");
	if (!filled(mem, LEN - 100, 1))
		fail("the content of the segment changed");
	same(must(shmget(0x77, 0, 0)), detached, "identifier of the detached segment");
	again = shmat(detached, NULL, 0);
	if (!filled(again + 500000, 4096, 2) || again[0] || again[(1 << 20) - 1])
		fail("the content of the detached segment changed");
	mark("look");
	await_mark("looked");
	same(common[0], 'c', "a byte that the child wrote");
	must(shmctl(shared, IPC_STAT, &ds));
	same(ds.shm_nattch, 2, "attaches");
	mark("over");
	child_done(child);
}

const struct kind kind = { .set_up = set_up, .check = check };
