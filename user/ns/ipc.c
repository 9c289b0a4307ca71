// SPDX-License-Identifier: GPL-2.0
/* IPC namespace: refused by name. */
#include <sched.h>

#include "ns/ns.h"

const struct ns_kind ipc_ns_kind = {
	.type = NS_IPC,
	.name = "ipc",
	.clone_flag = CLONE_NEWIPC,
};
