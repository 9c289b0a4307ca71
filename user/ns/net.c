// SPDX-License-Identifier: GPL-2.0
/* Network namespace: refused by name. */
#include <sched.h>

#include "ns/ns.h"

const struct ns_kind net_ns_kind = {
	.type = NS_NET,
	.name = "net",
	.clone_flag = CLONE_NEWNET,
};
