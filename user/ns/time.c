// SPDX-License-Identifier: GPL-2.0
/* Time namespace: refused by name; a tree lives in crctl's. */
#include <sched.h>

#include "ns/ns.h"

const struct ns_kind time_ns_kind = {
	.type = NS_TIME,
	.name = "time",
	.clone_flag = CLONE_NEWTIME,
};
