// SPDX-License-Identifier: GPL-2.0
/* What is refused is told at once and whole: the first object does not hide the second. */
#include "kind.h"

static void set_up(void)
{
	char params[256] = "";
	int ring = syscall(425 /* io_uring_setup */, 4, params);
	int faults = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (ring < 0 || faults < 0)
		skip("no io_uring or userfaultfd here: %s", strerror(errno));
	must(dup2(ring, 70));
	must(dup2(faults, 71));
	close(ring);
	close(faults);
}

static void check(void)
{
	must(fcntl(70, F_GETFD));
	must(fcntl(71, F_GETFD));
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.refuse = "fd 70|fd 71|io_uring|userfaultfd",
};
