// SPDX-License-Identifier: GPL-2.0
/*
 * Tun and tap devices of a network namespace, which only their own ioctls make. Each is
 * made persistent, and is so no more once the descriptors that it lives by are attached
 * (net/tun.c). Owner, group and flags are what rtnetlink tells; sizes of buffers and
 * headers only a descriptor tells, so a persistent device that nobody has open gets the
 * usual ones.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "image/tun.pb-c.h"
#include "kapi/tun.h"
#include "lib/cleanup.h"
#include "ns/net.h"

/* ---- dump ---- */

int net_tun_dump(const struct dump *d, const char *name, const void *data, size_t len,
		 TunLinkEntry *e, CrctlLinkEntry *x)
{
	struct tun_settings s = tun_settings_usual;
	struct tun_link link;
	uint32_t offload = 0;

	if (!tun_link_parse(data, len, &link))
		return -EOPNOTSUPP;
	array_for_each(&d->tuns, tun)
		if (!strcmp(tun->name, name))
			s = tun->settings;
	e->flags = link.flags | s.flags;
	e->owner = link.owner;
	e->group = link.group;
	e->vnethdr = (uint32_t)s.vnet_header_len;
	e->sndbuf = (uint32_t)s.sndbuf;
	x->has_tun_endian = s.little_endian || s.big_endian;
	x->tun_endian = (s.little_endian ? 1u : 0) | (s.big_endian ? 2u : 0);
	/* a kernel without ethtool's features is no reason to fail */
	if (!tun_offload_get(name, &offload) && offload) {
		x->has_tun_offload = true;
		x->tun_offload = offload;
	}
	return 0;
}

/* ---- restore ---- */

int net_tun_read(struct restore *r, const struct net_images *n, const NetDeviceEntry *dev)
{
	struct restore_tun *tun;

	if (!dev->tun || !(dev->tun->flags & (IFF_TUN | IFF_TAP)))
		return fail(r->ctx.err, -EINVAL, "netdev-%u.img: the tun device %s is neither tun "
			    "nor tap", n->id, dev->name);
	tun = array_add(&r->tuns);
	if (!tun)
		return -ENOMEM;
	*tun = (struct restore_tun){ .name = dev->name, .flags = dev->tun->flags,
				     .sndbuf = (int32_t)dev->tun->sndbuf };
	return 0;
}

static int tun_failed(struct restore *r, const struct net_link *l, const char *what)
{
	return fail_errno(r->ctx.err, -errno, "the tun device %s: %s", l->dev->name, what);
}

static int owner_set(int fd, const TunLinkEntry *e)
{
	return (e->owner != -1 && ioctl(fd, TUNSETOWNER, (unsigned long)e->owner)) ||
			       (e->group != -1 && ioctl(fd, TUNSETGROUP, (unsigned long)e->group)) ?
		       -errno : 0;
}

int net_tun_make(struct restore *r, const struct net_link *l)
{
	const TunLinkEntry *e = l->dev->tun;
	struct tun_settings s = {
		.sndbuf = (int32_t)e->sndbuf, .vnet_header_len = (int32_t)e->vnethdr,
		.little_endian = l->extra && l->extra->tun_endian & 1,
		.big_endian = l->extra && l->extra->tun_endian & 2,
	};
	struct ifreq q = { .ifr_flags = (short)(e->flags & TUN_ATTACH_FLAGS) };
	auto_close int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return tun_failed(r, l, "/dev/net/tun cannot be opened");
	snprintf(q.ifr_name, sizeof(q.ifr_name), "%s", l->dev->name);
	if (ioctl(fd, TUNSETIFINDEX, &l->dev->ifindex) || ioctl(fd, TUNSETIFF, &q))
		return tun_failed(r, l, "making it");
	if (owner_set(fd, e))
		return tun_failed(r, l, "its owner");
	if (tun_settings_set(fd, &s))
		return tun_failed(r, l, "its buffer and header");
	if (l->extra && l->extra->has_tun_offload &&
	    ioctl(fd, TUNSETOFFLOAD, (unsigned long)l->extra->tun_offload))
		return tun_failed(r, l, "its offloads");
	if (ioctl(fd, TUNSETPERSIST, 1))
		return tun_failed(r, l, "keeping it");
	return 0;
}
