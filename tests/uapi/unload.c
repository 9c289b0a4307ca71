// SPDX-License-Identifier: GPL-2.0
/* The module stays while a device is open, and calls go on. */
#include <sys/syscall.h>

#include "uapi.h"

int main(void)
{
	struct crctl_task t = { .size = sizeof(t), .pid = getpid() };
	int fd = dev_open(), again;

	for (int i = 0; i < 100; i++) {
		check(syscall(SYS_delete_module, "crctl", O_NONBLOCK) == -1);
		check(errno == EAGAIN || errno == EBUSY || errno == EPERM);
		check(!ioctl(fd, CRCTL_TASK, &t) && t.pid == getpid());
	}
	again = dup(fd);
	close(fd);
	check(syscall(SYS_delete_module, "crctl", O_NONBLOCK) == -1);
	check(!ioctl(again, CRCTL_TASK, &t));
	close(again);
	return 0;
}
