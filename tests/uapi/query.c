// SPDX-License-Identifier: GPL-2.0
/* CRCTL_QUERY, unknown commands, and who may open and ask. */
#include <linux/capability.h>
#include <sys/syscall.h>

#include "uapi.h"

static void caps_drop(unsigned int keep)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { { 0 } };

	data[keep / 32].effective = data[keep / 32].permitted = 1u << keep % 32;
	check(!syscall(SYS_capset, &head, data));
}

/* In a child: the descriptor was opened with all capabilities, the caller has one. */
static int asked_with(int fd, unsigned int cap, int pid)
{
	pid_t child = fork();
	int status;

	if (!child) {
		char buf[4096];
		struct crctl_list l = { .size = sizeof(l), .pid = pid ? pid : getpid(),
					.buf = (uintptr_t)buf, .buf_len = sizeof(buf) };

		caps_drop(cap);
		_exit(ioctl(fd, CRCTL_MAP_FILES, &l) ? errno : 0);
	}
	check(waitpid(child, &status, 0) == child && WIFEXITED(status));
	return WEXITSTATUS(status);
}

int main(void)
{
	int fd = dev_open();
	struct crctl_query q = { .size = sizeof(q) }, good = q;

	check(!ioctl(fd, CRCTL_QUERY, &q));
	check(q.contract == CRCTL_CONTRACT && q.features & CRCTL_HAS_MAP_FILES);
	printf("features %#llx\n", (unsigned long long)q.features);
	q = good, q.size = 8;
	check_errno(fd, CRCTL_QUERY, &q, EINVAL);
	q = good, q.flags = 1;
	check_errno(fd, CRCTL_QUERY, &q, EOPNOTSUPP);
	q = good, q.size = 1 << 20;
	check_errno(fd, CRCTL_QUERY, &q, E2BIG);
	check_errno(fd, CRCTL_QUERY, NULL, EFAULT);
	check_errno(fd, _IO(CRCTL_IOC, 0xff), &good, ENOTTY);
	check_errno(fd, _IO(CRCTL_IOC, 0x40), &good, ENOTTY);
	check_errno(fd, _IO(CRCTL_IOC + 1, 0), &good, ENOTTY);
	check_errno(fd, _IOR(CRCTL_IOC, 0, int), &good, ENOTTY);

	check(asked_with(fd, CAP_SYS_ADMIN, 0) == 0);
	check(asked_with(fd, 40 /* CAP_CHECKPOINT_RESTORE */, 0) == 0);
	check(asked_with(fd, CAP_CHOWN, 0) == EPERM);
	/* a task with more rights than the caller's, as for ptrace(2) */
	check(asked_with(fd, CAP_SYS_ADMIN, getpid()) == EPERM);
	if (!fork()) {
		caps_drop(CAP_SYS_PTRACE);
		_exit(open(CRCTL_DEVICE, O_RDWR) >= 0 || errno != EPERM);
	}
	int status;

	check(wait(&status) > 0 && !status);
	return 0;
}
