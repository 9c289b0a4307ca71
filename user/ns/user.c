// SPDX-License-Identifier: GPL-2.0
/* User namespace: refused by name; a tree lives in crctl's. */
#include <sched.h>

#include "ns/ns.h"

const struct ns_kind user_ns_kind = {
	.type = NS_USER,
	.name = "user",
	.clone_flag = CLONE_NEWUSER,
};
