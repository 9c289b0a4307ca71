// SPDX-License-Identifier: GPL-2.0
/* Open files of /proc: a task's own, of a thread, and of the system. */
#include "kind.h"

static int status, fd_dir, meminfo, comm;

static void set_up(void)
{
	status = must(open("/proc/self/status", O_RDONLY));
	fd_dir = must(open("/proc/self/fd", O_RDONLY | O_DIRECTORY));
	meminfo = must(open("/proc/meminfo", O_RDONLY));
	comm = must(open("/proc/thread-self/comm", O_RDWR));
}

static void check(void)
{
	char buf[4096] = "", name[32];

	must(read(status, buf, sizeof(buf) - 1));
	if (!strstr(buf, "Name:\tproc_self"))
		fail("/proc/self/status begins with %.20s", buf);
	must(faccessat(fd_dir, "0", F_OK, AT_SYMLINK_NOFOLLOW));
	must(read(meminfo, buf, sizeof(buf) - 1));
	if (strncmp(buf, "MemTotal", 8))
		fail("/proc/meminfo begins with %.20s", buf);
	must(write(comm, "renamed", 7));
	must(prctl(PR_GET_NAME, name));
	if (strcmp(name, "renamed"))
		fail("the name written through the descriptor is not the task's: %s", name);
}

const struct kind kind = { .set_up = set_up, .check = check };
