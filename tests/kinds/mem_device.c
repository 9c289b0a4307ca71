// SPDX-License-Identifier: GPL-2.0
/* Mappings of /dev/zero, private and shared. */
#include "kind.h"

static unsigned char *private, *shared;
static pid_t child;

static void body(void)
{
	mark("child");
	await_go();
	await_mark("written");
	if (!filled(shared + 4096, 4096, 3))
		fail("the child does not see what its parent wrote");
}

static void set_up(void)
{
	int fd = must(open("/dev/zero", O_RDWR));

	private = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	shared = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	fill(private, 4096, 1);
	fill(shared, 4096, 2);
	child = child_start(body);
	await_mark("child");
}

static void check(void)
{
	if (!filled(private, 4096, 1) || !filled(shared, 4096, 2))
		fail("the content changed");
	fill(shared + 4096, 4096, 3);
	mark("written");
	child_done(child);
}

const struct kind kind = { .set_up = set_up, .check = check };
