// SPDX-License-Identifier: GPL-2.0
/* System V shared memory of huge pages. */
#include "kind.h"

#include <sys/shm.h>

#define LEN (2 << 20)

static int id;
static char *mem;

static void set_up(void)
{
	must(unshare(CLONE_NEWIPC));
	id = shmget(0x88, LEN - 5000, IPC_CREAT | SHM_HUGETLB | 0600);
	if (id >= 0)
		mem = shmat(id, NULL, 0);
	if (id < 0 || mem == (char *)-1)
		skip("no huge pages are set aside: %s", strerror(errno));
	fill(mem, LEN, 1);
}

static void check(void)
{
	struct shmid_ds ds;

	if (!filled(mem, LEN, 1))
		fail("the content changed");
	same(atoi(smaps_line(mem, "KernelPageSize")), 2048, "page size");
	must(shmctl(id, IPC_STAT, &ds));
	same(ds.shm_segsz, LEN - 5000, "size");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "forgets that the pages of a segment are huge",
};
