// SPDX-License-Identifier: GPL-2.0
/*
 * Network namespace of a tree: devices (net_link.c), settings (net_sysctl.c), addresses
 * and routes (net_route.c), rules of the packet filter (net_rules.c). Or somebody else
 * sees to all of it: a runtime that fills a new one (--empty-ns net), or keeps the
 * namespace and gives it again (--external net[INODE]:KEY).
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kapi/nlmsg.h"
#include "lib/cleanup.h"
#include "ns/net.h"

#include <linux/netlink.h>

/* ---- dump ---- */

/* The key that --external net[INODE]:KEY gives the tree's namespace; NULL: none. */
static const char *net_external(const struct dump *d)
{
	char inode[32];

	snprintf(inode, sizeof(inode), "%llu", (unsigned long long)d->ns->tree[NS_NET]);
	return external_name(d->ctx.external, "net", inode);
}

static int net_look(struct dump *d)
{
	int ret;

	if (d->ctx.empty_ns & CLONE_NEWNET || net_external(d))
		return 0;
	ret = net_links_look(d);
	if (ret)
		return fail_errno(d->ctx.err, ret, "devices of the tree's network namespace");
	return net_routes_look(d);
}

/* Flags of lo; @set: up, when they say so. */
static int lo_flags(uint32_t *flags, bool set)
{
	auto_close int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq q = { .ifr_name = "lo" };

	if (sock < 0 || ioctl(sock, SIOCGIFFLAGS, &q))
		return -errno;
	if (!set) {
		*flags = (uint16_t)q.ifr_flags;
		return 0;
	}
	q.ifr_flags = (short)(q.ifr_flags | IFF_UP);
	return *flags & IFF_UP && ioctl(sock, SIOCSIFFLAGS, &q) ? -errno : 0;
}

/* One that somebody outside keeps: only the key by which it is given again. */
static int net_dump_external(struct dump *d, uint32_t id, const char *key)
{
	NetnsEntry e = NETNS_ENTRY__INIT;
	int ret;

	e.ext_key = (char *)key;
	ret = image_write_one(d->ctx.images_fd, IMG_NETNS, id, &e.base);
	return ret ? fail(d->ctx.err, ret, "%s", image_error()) : 0;
}

/* One that somebody fills again. */
static int net_dump_empty(struct dump *d, uint32_t id)
{
	NetDeviceEntry e = NET_DEVICE_ENTRY__INIT;
	int ret = lo_flags(&e.flags, false);

	if (ret)
		return fail_errno(d->ctx.err, ret, "the loopback device");
	e.type = ND_TYPE__LOOPBACK;
	e.ifindex = 1;
	e.mtu = 65536;
	e.name = "lo";
	ret = image_write_one(d->ctx.images_fd, IMG_NETDEV, id, &e.base);
	return ret ? fail(d->ctx.err, ret, "%s", image_error()) : 0;
}

static int netns_dump(struct dump *d, uint32_t id)
{
	NetnsEntry e = NETNS_ENTRY__INIT;
	int ret = net_sysctl_dump_ns(d, &e);

	if (!ret)
		ret = image_write_one(d->ctx.images_fd, IMG_NETNS, id, &e.base);
	net_sysctl_free_ns(&e);
	return ret ? fail_errno(d->ctx.err, ret, "settings of the tree's network namespace") : 0;
}

static int net_dump(struct dump *d, uint32_t id)
{
	const char *key = net_external(d);
	int ret;

	if (key)
		return net_dump_external(d, id, key);
	if (d->ctx.empty_ns & CLONE_NEWNET)
		return net_dump_empty(d, id);
	ret = net_links_dump(d, id);
	if (!ret)
		ret = netns_dump(d, id);
	if (!ret)
		ret = net_sysctl_dump(d, id);
	if (!ret)
		ret = net_routes_dump(d, id);
	if (!ret)
		ret = net_ct_dump(d, id);
	return ret ? ret : net_rules_dump(d, id);
}

/* ---- restore ---- */

/* The namespace that was external to the dump is to be given again. */
static int net_read_external(struct restore *r, const char *key)
{
	int fd = external_fd(r->ctx.inherit, key);

	if (fd < 0)
		return fail(r->ctx.err, -ENOENT, "the tree's network namespace is external (%s); "
			    "open the one it is to have, and give --inherit-fd fd[N]:%s or "
			    "--join-ns net:PATH", key, key);
	return ns_outside_add(r, NS_NET, fd, key);
}

static int raw_read(struct restore *r, struct net_images *n)
{
	static const enum image_type types[] = { IMG_IFADDR, IMG_ROUTE, IMG_ROUTE6, IMG_RULE,
						 IMG_NFTABLES, IMG_IPTABLES, IMG_IP6TABLES,
						 IMG_CRCTL_NEIGH, IMG_CRCTL_SYSCTL,
						 IMG_CRCTL_NEXTHOP, IMG_NETNF_CT, IMG_NETNF_EXP };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		int ret = image_read_open(r->ctx.images_fd, types[i], n->id, &n->raw[types[i]]);

		if (ret && ret != -ENOENT)
			return fail(r->ctx.err, ret, "%s", image_error());
	}
	return 0;
}

/* A way back into crctl's own, for ends of devices that are there. */
static int host_open(struct restore *r, struct net_images *n)
{
	bool needed = false;

	array_for_each(&n->links, l)
		needed |= l->outside != NULL;
	if (!needed)
		return 0;
	n->host_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	n->host_rtnl_fd = nlmsg_open(NETLINK_ROUTE);
	return n->host_fd < 0 || n->host_rtnl_fd < 0 ?
		fail_errno(r->ctx.err, -errno, "crctl's own network namespace") : 0;
}

static int net_read(struct restore *r, uint32_t id)
{
	struct net_images *n = calloc(1, sizeof(*n));
	ProtobufCMessage *msg;
	int ret;

	if (!n)
		return fail_errno(r->ctx.err, -ENOMEM, "the network namespace");
	r->ns->net = n;
	n->id = id;
	n->host_fd = n->host_rtnl_fd = -1;
	ret = image_read_one(r->ctx.images_fd, IMG_NETNS, id, &netns_entry__descriptor, &msg);
	if (ret && ret != -ENOENT)
		return fail(r->ctx.err, ret, "%s", image_error());
	if (!ret) {
		n->ns = (NetnsEntry *)msg;
		if (n->ns->ext_key)
			return net_read_external(r, n->ns->ext_key);
	}
	if (r->ctx.empty_ns & CLONE_NEWNET)
		return 0;
	ret = net_links_read(r, n);
	if (!ret)
		ret = raw_read(r, n);
	return ret ? ret : host_open(r, n);
}

/* Without images nobody knows whether lo is up: as most want it. */
static int lo_up(struct restore *r, const struct net_images *n)
{
	uint32_t flags = n->lo ? n->lo->flags : IFF_UP;
	int ret = lo_flags(&flags, true);

	return ret ? fail_errno(r->ctx.err, ret, "the loopback device") : 0;
}

static int net_restore(struct restore *r)
{
	struct net_images *n = r->ns->net;
	auto_close int fd = -1;
	int ret;

	if (r->ctx.empty_ns & CLONE_NEWNET)
		return lo_up(r, n);
	fd = nlmsg_open(NETLINK_ROUTE);
	if (fd < 0)
		return fail_errno(r->ctx.err, fd, "the new network namespace");
	ret = net_links_make(r, n, fd);
	if (!ret)
		ret = net_sysctl_restore(r, n, false);
	if (!ret)
		ret = net_rules_restore(r, n);
	if (!ret)
		ret = restore_net_lock(r);
	if (!ret)
		ret = lo_up(r, n);
	if (!ret)
		ret = net_links_up(r, n, fd);
	if (!ret)
		ret = net_routes_restore(r, n, fd);
	if (!ret)
		ret = net_ct_restore(r, n);
	return ret ? ret : net_sysctl_restore(r, n, true);
}

const struct ns_kind net_ns_kind = {
	.type = NS_NET,
	.name = "net",
	.clone_flag = CLONE_NEWNET,
	.look = net_look,
	.dump = net_dump,
	.read = net_read,
	.restore = net_restore,
	.joinable = true,
};
