// SPDX-License-Identifier: GPL-2.0
/* Messages that wait in a netlink socket are refused: only the kernel could send them again. */
#include "kind.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

static int fd;

static void set_up(void)
{
	struct {
		struct nlmsghdr head;
		struct rtgenmsg body;
	} ask = { { .nlmsg_len = sizeof(ask), .nlmsg_type = RTM_GETLINK,
		    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP }, { AF_UNSPEC } };

	fd = must(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
	must(send(fd, &ask, sizeof(ask), 0));
}

static void check(void)
{
	char buf[8192];

	if (must(recv(fd, buf, sizeof(buf), MSG_DONTWAIT)) < 16)
		fail("the answer is gone");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.refuse = "messages wait in the netlink socket",
	.criu = "words it differently",
};
