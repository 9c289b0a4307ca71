// SPDX-License-Identifier: GPL-2.0
/* The working directory, another one in each task. */
#include "kind.h"

static pid_t child;

static void cwd_check(const char *name)
{
	char buf[PATH_MAX], want[PATH_MAX];

	if (!getcwd(buf, sizeof(buf)))
		fail("getcwd: %s", strerror(errno));
	snprintf(want, sizeof(want), "%s/%s", kind_dir, name);
	if (strcmp(buf, want))
		fail("the working directory is %s, not %s", buf, want);
	must(access("here", F_OK));
}

static void enter(const char *name)
{
	must(mkdir(name, 0700));
	must(chdir(name));
	file_write("here", "");
}

static void body(void)
{
	enter("one");
	mark("child");
	await_go();
	cwd_check("one");
}

static void set_up(void)
{
	child = child_start(body);
	await_mark("child");
	enter("two words");
}

static void check(void)
{
	cwd_check("two words");
	child_done(child);
}

const struct kind kind = { .set_up = set_up, .check = check };
