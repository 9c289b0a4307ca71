// SPDX-License-Identifier: GPL-2.0
/* A part of a System V segment, one that is only readable, and a segment marked for removal. */
#include "kind.h"

#include <sys/shm.h>

#define LEN 65536

static int kept, removed;
static char *mem, *part, *dying;

static void set_up(void)
{
	must(unshare(CLONE_NEWIPC));
	kept = must(shmget(0x1234, LEN - 100, IPC_CREAT | IPC_EXCL | 0640));
	mem = shmat(kept, NULL, 0);
	fill(mem, LEN - 100, 1);
	part = shmat(kept, NULL, 0);
	must(munmap(part, 4096));
	must(mprotect(part + 8192, 4096, PROT_READ));
	removed = must(shmget(IPC_PRIVATE, LEN, 0600));
	dying = shmat(removed, NULL, 0);
	must(shmctl(removed, IPC_RMID, NULL));
	fill(dying, LEN, 3);
}

static void check(void)
{
	struct shmid_ds ds;

	if (!filled(mem, LEN - 100, 1) || memcmp(mem + 4096, part + 4096, LEN - 4096))
		fail("the content of the segment changed");
	mem[4200] = 'p';
	same(part[4200], 'p', "a byte written through another attach");
	same(!strstr(smaps_header(part + 8192), " r--s "), 0, "protection of a part");
	must(shmctl(kept, IPC_STAT, &ds));
	same(ds.shm_nattch, 4, "attaches, of which parts count");
	if (!filled(dying, LEN, 3))
		fail("the content of the removed segment changed");
	must(shmctl(removed, IPC_STAT, &ds));
	same(ds.shm_perm.mode & SHM_DEST, SHM_DEST, "removal of a segment");
	must(shmdt(dying));
	same(shmctl(removed, IPC_STAT, &ds), -1, "a removed segment that nobody has");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "restores no part of a segment without the rest",
};
