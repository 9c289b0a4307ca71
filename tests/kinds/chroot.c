// SPDX-License-Identifier: GPL-2.0
/* The root directory of a task that changed it, and its children's. */
#include "kind.h"

static pid_t child;

static void root_check(void)
{
	char buf[PATH_MAX];
	struct stat st;

	must(stat("/inside", &st));
	if (!getcwd(buf, sizeof(buf)))
		fail("getcwd: %s", strerror(errno));
	if (strcmp(buf, "/sub"))
		fail("the working directory is %s, not /sub", buf);
	if (access("/proc/self", F_OK) == 0)
		fail("the task sees the whole file system");
}

static void body(void)
{
	must(mkdir("jail", 0777));
	must(mkdir("jail/sub", 0777));
	file_write("jail/inside", "");
	must(chroot("jail"));
	must(chdir("/sub"));
	/* Marks of the main task are out of reach from in here. */
	close(must(open("/ready", O_CREAT | O_RDWR, 0666)));
	while (access("/go", F_OK))
		sleep_ms(2);
	root_check();
}

static void set_up(void)
{
	umask(0);
	child = child_start(body);
	while (access("jail/ready", F_OK))
		sleep_ms(2);
}

static void check(void)
{
	close(must(open("jail/go", O_CREAT | O_RDWR, 0666)));
	child_done(child);
	must(access("/proc/self", F_OK));
}

const struct kind kind = { .set_up = set_up, .check = check };
