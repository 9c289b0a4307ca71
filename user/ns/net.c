// SPDX-License-Identifier: GPL-2.0
/*
 * Network namespace: its loopback device. Others belong to somebody outside, who makes
 * them again (--empty-ns net: a container's runtime does); crctl makes none yet.
 */
#include <errno.h>
#include <stdio.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "image/image.h"
#include "image/netdev.pb-c.h"
#include "lib/cleanup.h"
#include "ns/ns.h"

/* The key that --external net[INODE]:KEY gives the tree's namespace; NULL: none. */
static const char *net_external(const struct dump *d)
{
	char inode[32];

	snprintf(inode, sizeof(inode), "%llu", (unsigned long long)d->ns->tree[NS_NET]);
	return external_name(d->ctx.external, "net", inode);
}

static int net_look(struct dump *d)
{
	struct if_nameindex *all;

	if (d->ctx.empty_ns & CLONE_NEWNET || net_external(d))
		return 0;
	all = if_nameindex();
	if (!all)
		return fail_errno(d->ctx.err, -errno, "listing the network devices");
	for (struct if_nameindex *i = all; i->if_index; i++) {
		if (strcmp(i->if_name, "lo"))
			dump_refuse(d, "the network device %s of the tree's namespace is not "
				    "supported yet; give --empty-ns net and make it again at the "
				    "restore", i->if_name);
	}
	if_freenameindex(all);
	return 0;
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

static int net_dump(struct dump *d, uint32_t id)
{
	NetDeviceEntry e = NET_DEVICE_ENTRY__INIT;
	const char *key = net_external(d);
	int ret;

	if (key)
		return net_dump_external(d, id, key);
	ret = lo_flags(&e.flags, false);
	if (ret)
		return fail_errno(d->ctx.err, ret, "the loopback device");
	e.type = ND_TYPE__LOOPBACK;
	e.ifindex = 1;
	e.mtu = 65536;
	e.name = "lo";
	ret = image_write_one(d->ctx.images_fd, IMG_NETDEV, id, &e.base);
	return ret ? fail(d->ctx.err, ret, "%s", image_error()) : 0;
}

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

static int net_read(struct restore *r, uint32_t id)
{
	struct image_reader *reader;
	ProtobufCMessage *msg;
	int ret = image_read_one(r->ctx.images_fd, IMG_NETNS, id, &netns_entry__descriptor, &msg);

	if (ret && ret != -ENOENT)
		return fail(r->ctx.err, ret, "%s", image_error());
	if (!ret) {
		const NetnsEntry *e = (NetnsEntry *)msg;
		bool external = e->ext_key;

		ret = external ? net_read_external(r, e->ext_key) : 0;
		protobuf_c_message_free_unpacked(msg, NULL);
		if (ret || external)
			return ret;
	}
	ret = image_read_open(r->ctx.images_fd, IMG_NETDEV, id, &reader);
	r->ns->lo_flags = IFF_UP;	/* without images nobody knows: as most want it */
	if (ret == -ENOENT)
		return 0;
	if (ret)
		return fail(r->ctx.err, ret, "%s", image_error());
	while ((ret = image_read(reader, &net_device_entry__descriptor, &msg)) == 1) {
		NetDeviceEntry *e = (NetDeviceEntry *)msg;
		bool lo = e->type == ND_TYPE__LOOPBACK;

		if (lo)
			r->ns->lo_flags = e->flags;
		else if (!(r->ctx.empty_ns & CLONE_NEWNET))
			ret = fail(r->ctx.err, -EOPNOTSUPP, "netdev-%u.img: the network device %s "
				   "cannot be made yet; give --empty-ns net", id, e->name);
		protobuf_c_message_free_unpacked(msg, NULL);
		if (ret < 0)
			break;
	}
	image_read_close(reader);
	return ret < 0 && !r->ctx.err->ret ? fail(r->ctx.err, ret, "%s", image_error()) : ret;
}

static int net_restore(struct restore *r)
{
	int ret = lo_flags(&r->ns->lo_flags, true);

	return ret ? fail_errno(r->ctx.err, ret, "the loopback device") : 0;
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
