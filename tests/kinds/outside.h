/* SPDX-License-Identifier: GPL-2.0 */
/* A process that is not of the tree: an orphan, which ends when the program marks "end". */
#ifndef CRCTL_TESTS_OUTSIDE_H
#define CRCTL_TESTS_OUTSIDE_H

#include "kind.h"

static inline void outside_start(void (*body)(void))
{
	pid_t pid = must(fork());

	if (pid) {
		child_done(pid);
		return;
	}
	if (must(fork()))
		_exit(0);
	must(setsid());
	body();
	_exit(0);
}

#endif
