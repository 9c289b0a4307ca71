// SPDX-License-Identifier: GPL-2.0
/* Anonymous memory with a name (PR_SET_VMA_ANON_NAME), private and shared. */
#include "kind.h"

static unsigned char *private, *shared;

static void set_up(void)
{
	private = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	shared = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, private, 65536, "arena one"))
		skip("memory cannot be named here: %s", strerror(errno));
	must(prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, shared, 65536, "arena two"));
	fill(private, 4096, 1);
}

static void check(void)
{
	if (!filled(private, 4096, 1))
		fail("the content changed");
	if (!strstr(smaps_header(private), "[anon:arena one]"))
		fail("the private memory's name is lost: %s", smaps_header(private));
	if (!strstr(smaps_header(shared), "[anon_shmem:arena two]"))
		fail("the shared memory's name is lost: %s", smaps_header(shared));
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "does not keep names of memory",
};
