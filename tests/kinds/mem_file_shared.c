// SPDX-License-Identifier: GPL-2.0
/* Shared file mappings: written to through one task, seen in the file and by another task. */
#include "kind.h"

static unsigned char *mem, *read_only;
static pid_t child;

static void body(void)
{
	mark("child");
	await_mark("written");
	if (!filled(mem + 4096, 4096, 9))
		fail("the child does not see what its parent wrote");
}

static void set_up(void)
{
	int fd = must(open("file", O_CREAT | O_RDWR, 0600));

	must(ftruncate(fd, 16384));
	mem = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	fill(mem, 4096, 8);
	close(fd);
	/* Mapped from a descriptor that could not be written to. */
	fd = must(open("file", O_RDONLY));
	read_only = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 4096);
	close(fd);
	child = child_start(body);
	await_mark("child");
}

static void check(void)
{
	unsigned char data[4096];
	int fd = must(open("file", O_RDONLY));

	if (!filled(mem, 4096, 8))
		fail("the data of before changed");
	fill(mem + 4096, 4096, 9);
	mark("written");
	same(must(pread(fd, data, 4096, 4096)), 4096, "bytes read");
	if (!filled(data, 4096, 9))
		fail("the file does not get what is written to the mapping");
	if (!filled(read_only, 4096, 9))
		fail("the other mapping does not see what is written");
	if (mprotect(read_only, 4096, PROT_READ | PROT_WRITE) == 0)
		fail("a shared mapping of a file open for reading became writable");
	child_done(child);
}

const struct kind kind = { .set_up = set_up, .check = check };
