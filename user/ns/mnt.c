// SPDX-License-Identifier: GPL-2.0
/* Mount namespace: refused by name. */
#include <sched.h>

#include "ns/ns.h"

const struct ns_kind mnt_ns_kind = {
	.type = NS_MNT,
	.name = "mnt",
	.clone_flag = CLONE_NEWNS,
};
