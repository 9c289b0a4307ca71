// SPDX-License-Identifier: GPL-2.0
/* A task of an ordinary user without any capability, not dumpable by others. */
#include "kind.h"

static void set_up(void)
{
	must(setresgid(1000, 1000, 1000));
	must(setresuid(1000, 1000, 1000));
}

static void check(void)
{
	uid_t r, e, s;

	getresuid(&r, &e, &s);
	same(r, 1000, "real uid");
	same(e, 1000, "effective uid");
	same(s, 1000, "saved uid");
	if (setuid(0) == 0)
		fail("the task became root again");
	same(strtoull(proc_line(getpid(), "status", "CapEff"), NULL, 16), 0,
	     "effective capabilities");
	same(strtoull(proc_line(getpid(), "status", "CapPrm"), NULL, 16), 0,
	     "permitted capabilities");
	same(prctl(PR_GET_DUMPABLE), 0, "dumpable");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "cannot read another user's limits without CAP_SYS_RESOURCE",
};
