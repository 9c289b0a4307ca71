// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink sockets: a monitor of devices that is told of a change after the restore, a
 * connected pair of user sockets, options, and one that was never bound.
 */
#include "kind.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#define GROUP_NSID 28 /* RTNLGRP_NSID */

static int monitor, fresh, user[2], bound;
static uint32_t port_ids[4];

static struct sockaddr_nl name_of(int fd)
{
	struct sockaddr_nl name;
	socklen_t len = sizeof(name);

	must(getsockname(fd, (struct sockaddr *)&name, &len));
	return name;
}

static int option(int fd, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	must(getsockopt(fd, SOL_NETLINK, name, &value, &len));
	return value;
}

static int opened(int type, int protocol, uint32_t port_id, uint32_t groups)
{
	struct sockaddr_nl name = { .nl_family = AF_NETLINK, .nl_pid = port_id,
				    .nl_groups = groups };
	int fd = must(socket(AF_NETLINK, type, protocol));

	must(bind(fd, (struct sockaddr *)&name, sizeof(name)));
	return fd;
}

static void set_up(void)
{
	struct sockaddr_nl peer = { .nl_family = AF_NETLINK, .nl_pid = 70002 };
	int one = 1, group = GROUP_NSID;

	bound = opened(SOCK_RAW, NETLINK_ROUTE, 0, 0);
	monitor = opened(SOCK_RAW | SOCK_NONBLOCK, NETLINK_ROUTE, 0, RTMGRP_LINK);
	must(setsockopt(monitor, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)));
	must(setsockopt(monitor, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one)));
	must(setsockopt(monitor, SOL_NETLINK, NETLINK_NO_ENOBUFS, &one, sizeof(one)));
	user[0] = opened(SOCK_DGRAM, NETLINK_USERSOCK, 70001, 0);
	user[1] = opened(SOCK_RAW, NETLINK_USERSOCK, 70002, 0);
	must(connect(user[0], (struct sockaddr *)&peer, sizeof(peer)));
	fresh = must(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
	port_ids[0] = name_of(bound).nl_pid;
	port_ids[1] = name_of(monitor).nl_pid;
	same(name_of(fresh).nl_pid, 0, "port id of a fresh socket");
}

static void check_monitor(void)
{
	struct ifreq q = { .ifr_name = "lo" };
	int sock = must(socket(AF_INET, SOCK_DGRAM, 0));
	char buf[8192];

	same(recv(monitor, buf, sizeof(buf), 0), -1, "nothing waits");
	/* the smallest change that is told of */
	must(ioctl(sock, SIOCGIFMTU, &q));
	q.ifr_mtu--;
	must(ioctl(sock, SIOCSIFMTU, &q));
	if (must(recv(monitor, buf, sizeof(buf), 0)) < 16 ||
	    ((struct nlmsghdr *)buf)->nlmsg_type != RTM_NEWLINK)
		fail("the monitor was not told of the change");
	close(sock);
}

static void check(void)
{
	char buf[64];
	uint32_t groups[2] = { 0 };
	socklen_t len = sizeof(groups);
	int type;

	same(name_of(bound).nl_pid, port_ids[0], "port id");
	same(name_of(monitor).nl_pid, port_ids[1], "port id of the monitor");
	same(name_of(fresh).nl_pid, 0, "port id of one that was not bound");
	must(getsockopt(monitor, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, groups, &len));
	same(groups[0], RTMGRP_LINK | 1u << (GROUP_NSID - 1), "groups");
	same(option(monitor, NETLINK_EXT_ACK), 1, "NETLINK_EXT_ACK");
	same(option(monitor, NETLINK_NO_ENOBUFS), 1, "NETLINK_NO_ENOBUFS");
	same(option(monitor, NETLINK_CAP_ACK), 0, "NETLINK_CAP_ACK");
	same(fcntl(monitor, F_GETFL) & O_NONBLOCK, O_NONBLOCK, "O_NONBLOCK");
	len = sizeof(type);
	must(getsockopt(user[0], SOL_SOCKET, SO_TYPE, &type, &len));
	same(type, SOCK_DGRAM, "type");
	must(send(user[0], "hello", 5, 0));
	same(recv(user[1], buf, sizeof(buf), MSG_DONTWAIT), 5, "bytes to the peer");
	check_monitor();
}

const struct kind kind = {
	.network = true,
	.set_up = set_up,
	.check = check,
	.criu = "the image has neither the type of the socket nor its options",
};
