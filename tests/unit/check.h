/* SPDX-License-Identifier: GPL-2.0 */
/* What every unit test shares: a CHECK() that goes on after a failure and remembers it. */
#ifndef CRCTL_TESTS_UNIT_CHECK_H
#define CRCTL_TESTS_UNIT_CHECK_H

#include <stdio.h>
#include <string.h>

static int check_failed;

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);             \
			check_failed = 1;                                                          \
		}                                                                                  \
	} while (0)

#endif
