// SPDX-License-Identifier: GPL-2.0
/* A mapping longer than its file: the pages past the end still raise SIGBUS. */
#include "kind.h"

#include <setjmp.h>

static char *private, *shared;
static sigjmp_buf jump;

static void handler(int sig)
{
	siglongjmp(jump, 1);
}

static bool faults(volatile char *p)
{
	if (sigsetjmp(jump, 1))
		return true;
	(void)*p;
	return false;
}

static void set_up(void)
{
	int fd = must(open("file", O_CREAT | O_RDWR, 0644));

	must(write(fd, "some", 4));
	private = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	shared = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	private[1] = 'O';
	close(fd);
	signal(SIGBUS, handler);
}

static void check(void)
{
	if (memcmp(private, "sOme", 4) || memcmp(shared, "some", 4))
		fail("the content changed");
	same(faults(private + 4096), true, "fault past the end in the private mapping");
	same(faults(shared + 12288), true, "fault past the end in the shared mapping");
	must(truncate("file", 16384));
	same(faults(private + 4096), false, "fault after the file grew");
	same(faults(shared + 12288), false, "fault after the file grew");
}

const struct kind kind = { .set_up = set_up, .check = check };
