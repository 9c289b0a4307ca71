// SPDX-License-Identifier: GPL-2.0
/* Tasks that start programs all the time (posix_spawn: vfork and exec). */
#include "storm.h"

#include <spawn.h>

static void turn(void)
{
	char *argv[] = { "sh", "-c", "exit 6", NULL };
	pid_t pid;

	same(posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, NULL), 0, "posix_spawn");
	same(child_wait(pid), 6 << 8, "wait status of the program");
}
