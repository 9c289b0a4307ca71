// SPDX-License-Identifier: GPL-2.0
/* Cgroup namespace: refused by name. */
#include <sched.h>

#include "ns/ns.h"

const struct ns_kind cgroup_ns_kind = {
	.type = NS_CGROUP,
	.name = "cgroup",
	.clone_flag = CLONE_NEWCGROUP,
};
