// SPDX-License-Identifier: GPL-2.0
/* A private file mapping: pages written to keep their data, the others the file's. */
#include "kind.h"

#define NR   32
#define PAGE 4096

static unsigned char *mem, *read_only;

static void set_up(void)
{
	static unsigned char data[NR * PAGE];
	int fd = must(open("file", O_CREAT | O_RDWR, 0600));
	int i;

	fill(data, sizeof(data), 1);
	must(write(fd, data, sizeof(data)));
	mem = mmap(NULL, NR * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	read_only = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 3 * PAGE);
	for (i = 0; i < NR; i += 4)
		fill(mem + i * PAGE, PAGE, 100 + i);
	memset(mem + PAGE, 0, PAGE);
	close(fd);
}

static void check(void)
{
	static unsigned char data[NR * PAGE], zero[PAGE];
	int i, fd = must(open("file", O_RDWR));

	fill(data, sizeof(data), 1);
	if (memcmp(mem + PAGE, zero, PAGE))
		fail("the page written with zeros changed");
	for (i = 0; i < NR; i++) {
		if (i % 4 == 0 && !filled(mem + i * PAGE, PAGE, 100 + i))
			fail("written page %d changed", i);
		if (i % 4 > 1 && memcmp(mem + i * PAGE, data + i * PAGE, PAGE))
			fail("page %d is not the file's", i);
	}
	if (memcmp(read_only, data + 3 * PAGE, PAGE))
		fail("the mapping at an offset is not the file's");
	/* Pages not written to still follow the file. */
	same(must(pwrite(fd, "news", 4, 2 * PAGE)), 4, "bytes written");
	if (memcmp(mem + 2 * PAGE, "news", 4))
		fail("a page that was not written to does not follow the file any more");
	if (!strstr(smaps_header(mem), "/file"))
		fail("the mapping is of %s", smaps_header(mem));
}

const struct kind kind = { .set_up = set_up, .check = check };
