// SPDX-License-Identifier: GPL-2.0
/* Children of other users, one in a group of its own, with a parent that is root. */
#include "kind.h"

#include <grp.h>

static pid_t pids[3];
static int next;

static void body(void)
{
	uid_t uid = 1000 + next;
	char name[32];

	must(setgroups(1, &uid));
	must(setresgid(uid, uid, uid));
	must(setresuid(uid, uid, uid));
	if (next == 1)
		must(setpgid(0, 0));
	/* What an ordinary user may do again after a change of ids. */
	must(prctl(PR_SET_DUMPABLE, next != 2));
	snprintf(name, sizeof(name), "child%d", next);
	mark(name);
	await_go();
	same(getuid(), uid, "uid of child %d", next);
	same(getegid(), uid, "effective gid of child %d", next);
	same(prctl(PR_GET_DUMPABLE), next != 2, "dumpable of child %d", next);
	close(must(open(name, O_RDONLY)));
}

static void set_up(void)
{
	char name[32];

	for (next = 0; next < 3; next++) {
		pids[next] = child_start(body);
		snprintf(name, sizeof(name), "child%d", next);
		await_mark(name);
	}
}

static void check(void)
{
	int i;

	for (i = 0; i < 3; i++)
		child_done(pids[i]);
	same(getuid(), 0, "uid of the parent");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "cannot read another user's limits without CAP_SYS_RESOURCE",
};
