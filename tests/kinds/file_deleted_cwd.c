// SPDX-License-Identifier: GPL-2.0
/* A deleted directory that is a task's working directory. */
#include "kind.h"

static void set_up(void)
{
	must(mkdir("dir", 0755));
	must(chdir("dir"));
	must(rmdir("../dir"));
}

static void check(void)
{
	char buf[PATH_MAX];
	struct stat st;

	if (getcwd(buf, sizeof(buf)))
		fail("the deleted working directory is %s now", buf);
	same(errno, ENOENT, "errno of getcwd");
	must(stat(".", &st));
	same(st.st_nlink, 0, "links of the working directory");
}

const struct kind kind = { .set_up = set_up, .check = check };
