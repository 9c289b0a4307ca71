/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the network namespace share. */
#ifndef CRCTL_NS_NET_H
#define CRCTL_NS_NET_H

#include "image/crctl.pb-c.h"
#include "image/image.h"
#include "image/netdev.pb-c.h"
#include "kapi/nlmsg.h"
#include "lib/pidmap.h"
#include "ns/ns.h"

/* A device to be made. */
struct net_link {
	NetDeviceEntry *dev;
	CrctlLinkEntry *extra;	/* NULL: another tool's image */
	const char *outside;	/* what --external calls its other end; NULL: it has none there */
	bool made;
};

/* The images of a network namespace. */
struct net_images {
	uint32_t id;
	NetnsEntry *ns;			/* NULL: there is none */
	NetDeviceEntry *lo;		/* NULL: there is none */
	ARRAY_OF(struct net_link) links;
	struct pidmap by_index;		/* of links: their place in the array, from 1 on */
	ARRAY_OF(ProtobufCMessage *) messages;	/* what the above point to */
	struct image_reader *raw[IMG_NR_TYPES];	/* NULL: there is none */
	const char *sysctl_text;	/* NULL: not read yet */
	size_t sysctl_len;
	int host_fd;			/* crctl's own network namespace */
	int host_rtnl_fd;		/* a socket in there; -1: no device reaches there */
};

/* ---- devices (net_link.c) ---- */

/* Note those that are not supported. */
int net_links_look(struct dump *d);
int net_links_dump(struct dump *d, uint32_t id);
int net_links_read(struct restore *r, struct net_images *n);
/* Make all of them, down; then up. */
int net_links_make(struct restore *r, struct net_images *n, int rtnl_fd);
int net_links_up(struct restore *r, struct net_images *n, int rtnl_fd);

/* ---- tun and tap devices (net_tun.c) ---- */

/* What the device's IFLA_INFO_DATA and its descriptors tell. */
int net_tun_dump(const struct dump *d, const char *name, const void *data, size_t len,
		 TunLinkEntry *e, CrctlLinkEntry *x);
int net_tun_read(struct restore *r, const struct net_images *n, const NetDeviceEntry *dev);
int net_tun_make(struct restore *r, const struct net_link *l);

/* ---- settings (net_sysctl.c) ---- */

/* /proc/sys/net, and what the format has of it into @dev or @ns. */
int net_sysctl_dump(struct dump *d, uint32_t id);
int net_sysctl_dump_dev(struct dump *d, const char *name, NetDeviceEntry *dev);
int net_sysctl_dump_ns(struct dump *d, NetnsEntry *ns);
void net_sysctl_free_dev(NetDeviceEntry *dev);
void net_sysctl_free_ns(NetnsEntry *ns);
/* @late: what would change what comes between, such as duplicate address detection. */
int net_sysctl_restore(struct restore *r, struct net_images *n, bool late);

/* ---- addresses, routes, rules, neighbours (net_route.c) ---- */

/* A list that the kernel gives by netlink, and that goes into an image as it is. */
struct net_list {
	int protocol;
	uint16_t request;
	uint8_t family;
	uint32_t magic;			/* before it; 0: none */
	size_t head_len;		/* of the request; 0: as rtmsg */
	int (*each)(void *arg, const void *msg, size_t len);	/* NULL: all is kept */
};

int net_list_save(struct dump *d, uint32_t id, enum image_type type, const struct net_list *list);

/* And back. */
struct net_sent {
	uint16_t message;
	size_t head_len;
	uint32_t magic;
	bool may_fail;			/* with a warning */
	void (*edit)(struct nlmsg *m);	/* NULL: they go as they are */
};

int net_list_send(struct restore *r, struct net_images *n, enum image_type type,
		  const struct net_sent *list, int fd);

int net_routes_look(struct dump *d);
int net_routes_dump(struct dump *d, uint32_t id);
int net_routes_restore(struct restore *r, struct net_images *n, int rtnl_fd);

/* ---- connection tracking (net_ct.c) ---- */

int net_ct_dump(struct dump *d, uint32_t id);
int net_ct_restore(struct restore *r, struct net_images *n);

/* ---- rules of the packet filter (net_rules.c) ---- */

int net_rules_dump(struct dump *d, uint32_t id);
int net_rules_restore(struct restore *r, struct net_images *n);

#endif
