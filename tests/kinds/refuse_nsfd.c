// SPDX-License-Identifier: GPL-2.0
/* A descriptor of a namespace is refused by name. */
#include "kind.h"

static void set_up(void)
{
	int fd = must(open("/proc/self/ns/uts", O_RDONLY));

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
	.refuse = "fd 70|namespace",
	.criu = "knows it",
};
