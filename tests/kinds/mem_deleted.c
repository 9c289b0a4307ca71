// SPDX-License-Identifier: GPL-2.0
/* Mappings of a file that was deleted, private and shared across tasks. */
#include "kind.h"

static unsigned char *private, *shared;
static pid_t child;

static void body(void)
{
	mark("child");
	await_mark("written");
	if (!filled(shared + 4096, 4096, 5))
		fail("the child does not see what its parent wrote");
}

static void set_up(void)
{
	static unsigned char data[16384];
	int fd = must(open("file", O_CREAT | O_RDWR, 0600));

	fill(data, sizeof(data), 1);
	must(write(fd, data, sizeof(data)));
	private = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	shared = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	fill(private, 4096, 2);
	fill(shared, 4096, 3);
	close(fd);
	must(unlink("file"));
	child = child_start(body);
	await_mark("child");
}

static void check(void)
{
	static unsigned char data[16384];

	fill(data, sizeof(data), 1);
	if (!filled(private, 4096, 2))
		fail("the private page changed");
	if (!filled(shared, 4096, 3))
		fail("the shared page changed");
	if (memcmp(private + 8192, data + 8192, 8192) || memcmp(shared + 8192, data + 8192, 8192))
		fail("the deleted file's data changed");
	fill(shared + 4096, 4096, 5);
	mark("written");
	if (!filled(private + 4096, 4096, 5))
		fail("the two mappings are not of one file any more");
	same(access("file", F_OK), -1, "the deleted file has its name again");
	child_done(child);
}

const struct kind kind = { .set_up = set_up, .check = check };
