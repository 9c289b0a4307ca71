// SPDX-License-Identifier: GPL-2.0
/* The table of namespace kinds. */
#include "ns/ns.h"

extern const struct ns_kind pid_ns_kind, net_ns_kind, ipc_ns_kind, uts_ns_kind, time_ns_kind,
	mnt_ns_kind, user_ns_kind, cgroup_ns_kind;

const struct ns_kind *const ns_kinds[NS_NR] = {
	[NS_PID] = &pid_ns_kind,   [NS_NET] = &net_ns_kind,   [NS_IPC] = &ipc_ns_kind,
	[NS_UTS] = &uts_ns_kind,   [NS_TIME] = &time_ns_kind, [NS_MNT] = &mnt_ns_kind,
	[NS_USER] = &user_ns_kind, [NS_CGROUP] = &cgroup_ns_kind,
};
