// SPDX-License-Identifier: GPL-2.0
/*
 * Packet sockets without rings: bound and not, protocols, groups, options, a filter, a
 * fanout group of two that still shares packets.
 */
#include "kind.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#define PROTOCOL 0x88b7
#define FANOUT	 (7 | PACKET_FANOUT_LB << 16)

static int bound, fresh, fan[2], filtered;

static int option(int fd, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	must(getsockopt(fd, SOL_PACKET, name, &value, &len));
	return value;
}

static void option_on(int fd, int name)
{
	int on = 1;

	must(setsockopt(fd, SOL_PACKET, name, &on, sizeof(on)));
}

static struct sockaddr_ll loopback(int protocol)
{
	return (struct sockaddr_ll){ .sll_family = AF_PACKET, .sll_protocol = htons(protocol),
				     .sll_ifindex = (int)if_nametoindex("lo") };
}

static int opened(int type, int protocol)
{
	struct sockaddr_ll name = loopback(protocol);
	int fd = must(socket(AF_PACKET, type, 0));

	must(bind(fd, (struct sockaddr *)&name, sizeof(name)));
	return fd;
}

static void set_up(void)
{
	struct packet_mreq promisc = { .mr_ifindex = (int)if_nametoindex("lo"),
				       .mr_type = PACKET_MR_PROMISC };
	/* those of one byte only */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog filter = { 4, code };
	int value = FANOUT;

	bound = opened(SOCK_RAW | SOCK_NONBLOCK, PROTOCOL);
	option_on(bound, PACKET_AUXDATA);
	option_on(bound, PACKET_ORIGDEV);
	option_on(bound, PACKET_IGNORE_OUTGOING);
	option_on(bound, PACKET_QDISC_BYPASS);
	must(setsockopt(bound, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promisc, sizeof(promisc)));
	fresh = must(socket(AF_PACKET, SOCK_DGRAM, 0));
	for (int i = 0; i < 2; i++) {
		fan[i] = opened(SOCK_DGRAM | SOCK_NONBLOCK, PROTOCOL + 1);
		must(setsockopt(fan[i], SOL_PACKET, PACKET_FANOUT, &value, sizeof(value)));
	}
	filtered = opened(SOCK_DGRAM | SOCK_NONBLOCK, PROTOCOL + 2);
	must(setsockopt(filtered, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)));
}

static void send_one(int protocol, size_t len)
{
	struct sockaddr_ll to = loopback(protocol);

	to.sll_halen = 6;
	must(sendto(fresh, "xyz", len, 0, (struct sockaddr *)&to, sizeof(to)));
}

static int nr_waiting(int fd)
{
	char buf[64];
	int nr = 0;

	while (recv(fd, buf, sizeof(buf), 0) > 0)
		nr++;
	return nr;
}

static void check_name(int fd, int protocol, int ifindex)
{
	struct sockaddr_ll name = { 0 };
	socklen_t len = sizeof(name);

	must(getsockname(fd, (struct sockaddr *)&name, &len));
	same(ntohs(name.sll_protocol), protocol, "protocol");
	same(name.sll_ifindex, ifindex, "device");
}

/* How many want to have every packet of the loopback device. */
static uint32_t promiscuity(void)
{
	struct {
		struct nlmsghdr head;
		struct ifinfomsg info;
	} ask = { { .nlmsg_len = sizeof(ask), .nlmsg_type = RTM_GETLINK,
		    .nlmsg_flags = NLM_F_REQUEST },
		  { .ifi_index = (int)if_nametoindex("lo") } };
	int fd = must(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
	static char buf[32768] __attribute__((aligned(8)));
	struct nlmsghdr *answer = (struct nlmsghdr *)buf;
	struct rtattr *a = IFLA_RTA(NLMSG_DATA(answer));
	int len;

	must(send(fd, &ask, sizeof(ask), 0));
	len = must(recv(fd, buf, sizeof(buf), 0)) - (int)NLMSG_SPACE(sizeof(ask.info));
	close(fd);
	for (; RTA_OK(a, len); a = RTA_NEXT(a, len))
		if (a->rta_type == IFLA_PROMISCUITY)
			return *(uint32_t *)RTA_DATA(a);
	fail("the device does not tell of it");
}

static void check(void)
{
	int lo = (int)if_nametoindex("lo"), got[2];

	check_name(bound, PROTOCOL, lo);
	check_name(fresh, 0, 0);
	same(option(bound, PACKET_AUXDATA), 1, "PACKET_AUXDATA");
	same(option(bound, PACKET_ORIGDEV), 1, "PACKET_ORIGDEV");
	same(option(bound, PACKET_IGNORE_OUTGOING), 1, "PACKET_IGNORE_OUTGOING");
	same(option(bound, PACKET_QDISC_BYPASS), 1, "PACKET_QDISC_BYPASS");
	same(option(fan[1], PACKET_AUXDATA), 0, "PACKET_AUXDATA of another");
	same(option(fan[1], PACKET_FANOUT), FANOUT, "PACKET_FANOUT");
	same(fcntl(bound, F_GETFL) & O_NONBLOCK, O_NONBLOCK, "O_NONBLOCK");
	same(promiscuity(), 1, "PACKET_MR_PROMISC");
	send_one(PROTOCOL, 1);
	same(nr_waiting(bound), 1, "packets of the protocol");
	for (int i = 0; i < 4; i++)
		send_one(PROTOCOL + 1, 1);
	got[0] = nr_waiting(fan[0]);
	got[1] = nr_waiting(fan[1]);
	same(got[0], 2, "packets of the first in the fanout group");
	same(got[1], 2, "packets of the second in the fanout group");
	send_one(PROTOCOL + 2, 1);
	send_one(PROTOCOL + 2, 2);
	same(nr_waiting(filtered), 1, "packets through the filter");
}

const struct kind kind = {
	.network = true,
	.set_up = set_up,
	.check = check,
	.criu = "the image has neither PACKET_IGNORE_OUTGOING nor PACKET_QDISC_BYPASS",
};
