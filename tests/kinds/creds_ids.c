// SPDX-License-Identifier: GPL-2.0
/* User and group ids, real, effective, saved and of the file system. */
#include "kind.h"

#include <sys/fsuid.h>

static void set_up(void)
{
	must(setresgid(1001, 1002, 1003));
	setfsgid(1001);
	must(setresuid(2001, 0, 2003));
	setfsuid(2001);
}

static void check(void)
{
	uid_t r, e, s;

	same(setfsuid(-1), 2001, "file system uid");
	same(setfsgid(-1), 1001, "file system gid");
	getresuid(&r, &e, &s);
	same(r, 2001, "real uid");
	same(e, 0, "effective uid");
	same(s, 2003, "saved uid");
	getresgid(&r, &e, &s);
	same(r, 1001, "real gid");
	same(e, 1002, "effective gid");
	same(s, 1003, "saved gid");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "cannot read another user's limits without CAP_SYS_RESOURCE",
};
