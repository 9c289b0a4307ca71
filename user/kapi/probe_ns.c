// SPDX-License-Identifier: GPL-2.0
/* Probes for namespaces, mounts and security modules. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kapi/probe.h"

#define SET_GROUP_FLAG 0x100 /* MOVE_MOUNT_SET_GROUP, 5.15 */

static int exists(const char *path)
{
	return access(path, F_OK) < 0 ? -errno : 0;
}

int probe_cgroupns(void)
{
	return exists("/proc/self/ns/cgroup");
}

int probe_net_ns(void)
{
	return exists("/proc/self/ns/net");
}

int probe_timens(void)
{
	return exists("/proc/self/timens_offsets");
}

int probe_userns(void)
{
	return unshare(CLONE_NEWUSER) < 0 ? -errno : 0;
}

int probe_move_mount_set_group(void)
{
	long ret = syscall(SYS_move_mount, -1, "", -1, "", SET_GROUP_FLAG);

	/* move_mount(2) looks at the flags before it looks at the paths. */
	if (ret < 0 && errno != EBADF && errno != ENOENT)
		return -errno;
	return 0;
}

int probe_apparmor_stacking(void)
{
	return exists("/sys/kernel/security/apparmor/features/domain/stack");
}
