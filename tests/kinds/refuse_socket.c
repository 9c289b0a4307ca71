// SPDX-License-Identifier: GPL-2.0
/* What is not known yet is refused by name, with the descriptor, and the tree is left as it was. */
#include "kind.h"

#include <sys/socket.h>

static int fd;

static void set_up(void)
{
	fd = socket(40 /* AF_VSOCK */, SOCK_STREAM, 0);
	if (fd < 0)
		skip("this kernel has no vsock");
}

static void check(void)
{
	int type;
	socklen_t len = sizeof(type);

	must(getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len));
	same(type, SOCK_STREAM, "type of the socket");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.refuse = "socket",
	.criu = "words it differently",
};
