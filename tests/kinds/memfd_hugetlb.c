// SPDX-License-Identifier: GPL-2.0
/* A memfd of huge pages, mapped and written to. */
#include "kind.h"

#define LEN (2UL << 20)

static int fd;
static char *map;

static void set_up(void)
{
	char text[32];

	file_read("/proc/sys/vm/nr_hugepages", text, sizeof(text));
	if (atoi(text) < 4)
		file_write("/proc/sys/vm/nr_hugepages", "4");
	fd = memfd_create("huge", MFD_HUGETLB | 21U << 26 | MFD_ALLOW_SEALING);
	if (fd < 0)
		skip("no huge pages: %s", strerror(errno));
	must(ftruncate(fd, LEN));
	map = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		skip("no huge pages are free: %s", strerror(errno));
	fill(map, 100000, 9);
	must(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
}

static void check(void)
{
	struct stat st;

	must(fstat(fd, &st));
	same(st.st_blksize, LEN, "page size");
	same(st.st_size, LEN, "size");
	same(must(fcntl(fd, F_GET_SEALS)), F_SEAL_GROW, "seals");
	if (!filled(map, 100000, 9))
		fail("the content changed");
}

const struct kind kind = { .set_up = set_up, .check = check };
