// SPDX-License-Identifier: GPL-2.0
/* A userfaultfd is refused by name: which pages wait for an answer nobody tells. */
#include "kind.h"

static void set_up(void)
{
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | 1 /* UFFD_USER_MODE_ONLY */);

	if (fd < 0 && errno == EINVAL)	/* the flag is of 5.11 */
		fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (fd < 0)
		skip("no userfaultfd: %s", strerror(errno));
	must(dup2(fd, 70));
	close(fd);
}

static void check(void)
{
	must(fcntl(70, F_GETFD));
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.refuse = "fd 70|userfaultfd",
};
