// SPDX-License-Identifier: GPL-2.0
/* Huge pages of hugetlbfs, private and shared. */
#include "kind.h"

#define LEN (2 << 20)

static unsigned char *private, *shared;

static void set_up(void)
{
	private = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB,
		       -1, 0);
	shared = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB,
		      -1, 0);
	if (private == MAP_FAILED || shared == MAP_FAILED)
		skip("no huge pages are set aside: %s", strerror(errno));
	fill(private, LEN, 1);
	fill(shared, LEN, 2);
}

static void check(void)
{
	if (!filled(private, LEN, 1))
		fail("the private huge page changed");
	if (!filled(shared, LEN, 2))
		fail("the shared huge page changed");
	same(atoi(smaps_line(private, "KernelPageSize")), 2048, "page size of the private one");
	same(atoi(smaps_line(shared, "KernelPageSize")), 2048, "page size of the shared one");
}

const struct kind kind = { .set_up = set_up, .check = check };
