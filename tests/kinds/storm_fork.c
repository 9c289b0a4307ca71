// SPDX-License-Identifier: GPL-2.0
/* Tasks that fork all the time, two generations at once, and wait for each child. */
#include "storm.h"

static void grandchild(void)
{
	_exit(4);
}

static void child(void)
{
	same(child_wait(child_start(grandchild)), 4 << 8, "wait status of a grandchild");
	_exit(3);
}

static void turn(void)
{
	pid_t a = child_start(child), b = child_start(child);

	same(child_wait(b), 3 << 8, "wait status of the second child");
	same(child_wait(a), 3 << 8, "wait status of the first child");
}
