// SPDX-License-Identifier: GPL-2.0
/* A descriptor of a namespace that no task of the tree is in is refused by name. */
#include "kind.h"

static void sleeper(void)
{
	must(unshare(CLONE_NEWUTS));
	mark("unshared");
	pause();
}

static void set_up(void)
{
	pid_t pid = child_start(sleeper);
	char path[64];
	int fd;

	await_mark("unshared");
	snprintf(path, sizeof(path), "/proc/%d/ns/uts", pid);
	fd = must(open(path, O_RDONLY));
	must(dup2(fd, 70));
	close(fd);
	must(kill(pid, SIGKILL));
	child_wait(pid);
}

static void check(void)
{
	must(fcntl(70, F_GETFD));
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.refuse = "fd 70|UTS namespace",
};
