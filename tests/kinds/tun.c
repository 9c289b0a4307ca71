// SPDX-License-Identifier: GPL-2.0
/*
 * Tun devices of a network namespace of the tree's own: one with two queues, of which one
 * is turned off, and settings; a tap; a persistent one that nobody has open; and a
 * descriptor that is attached to none.
 */
#include "tun.h"

#include <net/if_arp.h>

#define FLAGS	 (IFF_TUN | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE)
#define HDR_LEN	 12
#define SNDBUF	 100000
#define OWNER	 1234

static int queue[2], tap, fresh, sock;
static unsigned int indexes[3];
static struct ifreq mac;

static void set_up(void)
{
	struct ifreq off = { .ifr_flags = IFF_DETACH_QUEUE };
	int value = HDR_LEN;

	must(unshare(CLONE_NEWNET));
	queue[0] = tun_open("vpn0", FLAGS);
	must(ioctl(queue[0], TUNSETVNETHDRSZ, &value));
	value = SNDBUF;
	must(ioctl(queue[0], TUNSETSNDBUF, &value));
	must(ioctl(queue[0], TUNSETOWNER, OWNER));
	must(ioctl(queue[0], TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4));
	queue[1] = tun_open("vpn0", FLAGS);
	must(ioctl(queue[1], TUNSETQUEUE, &off));
	tun_up("vpn0");
	tap = tun_open("tap7", IFF_TAP);
	mac = tun_request("tap7", 0);
	must(ioctl(tap, SIOCGIFHWADDR, &mac));
	fresh = tun_open("kept", IFF_TUN);
	must(ioctl(fresh, TUNSETPERSIST, 1));
	close(fresh);
	fresh = must(open("/dev/net/tun", O_RDWR));
	indexes[0] = if_nametoindex("vpn0");
	indexes[1] = if_nametoindex("tap7");
	indexes[2] = if_nametoindex("kept");
	sock = udp_open();
	tun_try(queue[0], sock, HDR_LEN);
}

static int value_of(int fd, unsigned long request)
{
	int value = -1;

	must(ioctl(fd, request, &value));
	return value;
}

static int flags_of(int fd)
{
	struct ifreq q = { 0 };

	must(ioctl(fd, TUNGETIFF, &q));
	return q.ifr_flags;
}

static void check(void)
{
	struct ifreq q = { 0 }, on = { .ifr_flags = IFF_ATTACH_QUEUE };

	same(if_nametoindex("vpn0"), indexes[0], "number of the device");
	same(if_nametoindex("tap7"), indexes[1], "number of the tap");
	same(if_nametoindex("kept"), indexes[2], "number of the persistent one");
	same(ioctl(fresh, TUNGETIFF, &q), -1, "device of a descriptor without one");
	same(value_of(queue[0], TUNGETVNETHDRSZ), HDR_LEN, "length of the header");
	same(value_of(queue[0], TUNGETSNDBUF), SNDBUF, "send buffer");
	same(value_of(tap, TUNGETVNETHDRSZ), 10, "length of the tap's header");
	same(flags_of(queue[0]) & (FLAGS | IFF_PERSIST | IFF_DETACH_QUEUE), FLAGS, "flags");
	same(flags_of(queue[1]) & IFF_DETACH_QUEUE, IFF_DETACH_QUEUE, "the queue is off");
	same(flags_of(tap) & (IFF_TAP | IFF_PERSIST), IFF_TAP, "flags of the tap");
	q = tun_request("tap7", 0);
	must(ioctl(tap, SIOCGIFHWADDR, &q));
	same(memcmp(q.ifr_hwaddr.sa_data, mac.ifr_hwaddr.sa_data, 6), 0, "address of the tap");
	same(fcntl(queue[0], F_GETFL) & O_NONBLOCK, O_NONBLOCK, "O_NONBLOCK");
	tun_try(queue[0], sock, HDR_LEN);
	must(ioctl(queue[1], TUNSETQUEUE, &on));
	/* it lives by its descriptors again */
	close(queue[0]);
	close(queue[1]);
	same(if_nametoindex("vpn0"), 0, "the device after its descriptors");
	same(if_nametoindex("kept"), indexes[2], "the persistent one stays");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "forgets the size of the send buffer",
};
