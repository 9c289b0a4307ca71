// SPDX-License-Identifier: GPL-2.0
/*
 * Devices of a network namespace, as rtnetlink tells of them. They keep their numbers,
 * names, addresses and what their kind has as settings, which goes as it is from the
 * kernel's answer into the request that makes the device again. The other end of a veth
 * pair, or the device below a macvlan, can be outside of the tree: the user says where
 * (--external veth[IN]:OUT@BRIDGE, macvlan[IN]:OUT). What hangs on a device and would
 * be lost without a word is refused: XDP programs, VLANs of a bridge, queueing disciplines.
 */
#include "ns/net.h"

#include <errno.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/if_vlan.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "image/macvlan.pb-c.h"
#include "kapi/netlink.h"
#include "kapi/nlmsg.h"
#include "lib/cleanup.h"

#define KEPT_FLAGS (IFF_UP | IFF_PROMISC | IFF_ALLMULTI | IFF_NOARP | IFF_MULTICAST)
#define BR_N_LEARNED 48		/* IFLA_BR_FDB_N_LEARNED, Linux 6.7 */
#define MACVLAN_QUEUE_USED 8	/* IFLA_MACVLAN_BC_QUEUE_LEN_USED, Linux 5.12 */
#define WAIT_ROUNDS 300		/* of 10 ms, for the name of a device to be free */
#define CARRIER_ROUNDS 500	/* of 1 ms */
#define LINKS_MAX  65536
#define SOCKET_NETNS 0x894c	/* SIOCGSKNS */

static const struct link_kind {
	const char *name;
	NdType type;	/* in the format; 0: it has none, crctl-links has all */
	bool below;	/* it lies on another device */
} link_kinds[] = {
	{ "veth", ND_TYPE__VETH, false },
	{ "bridge", ND_TYPE__BRIDGE, false },
	{ "macvlan", ND_TYPE__MACVLAN, true },
	{ "tun", ND_TYPE__TUN, false },
	{ "vlan", 0, true },
	{ "dummy", 0, false },
	{ "ifb", 0, false },
};

static const struct link_kind *kind_find(const char *name)
{
	for (size_t i = 0; i < sizeof(link_kinds) / sizeof(link_kinds[0]); i++)
		if (!strcmp(link_kinds[i].name, name))
			return &link_kinds[i];
	return NULL;
}

/* ---- dump ---- */

/* One device, pointing into the kernel's answer. */
struct link_seen {
	const struct ifinfomsg *head;
	struct netlink_attr a[IFLA_XDP + 1];
	struct netlink_attr info[IFLA_INFO_SLAVE_DATA + 1];
	const char *name, *kind;	/* kind "": hardware, or unknown */
};

static const char *attr_text(const struct netlink_attr *a)
{
	return a->len && !((const char *)a->data)[a->len - 1] ? a->data : "";
}

static int link_see(const void *body, size_t len, struct link_seen *l)
{
	if (len < sizeof(*l->head))
		return -EPROTO;
	l->head = body;
	netlink_attrs(body, len, sizeof(*l->head), l->a, IFLA_XDP + 1);
	netlink_attrs(l->a[IFLA_LINKINFO].data, l->a[IFLA_LINKINFO].len, 0, l->info,
		      IFLA_INFO_SLAVE_DATA + 1);
	l->name = attr_text(&l->a[IFLA_IFNAME]);
	l->kind = attr_text(&l->info[IFLA_INFO_KIND]);
	return 0;
}

/* A device that a module puts into each namespace (sit0), which nobody uses. */
static bool link_is_fallback(const struct link_seen *l)
{
	static const char *const names[] = { "sit0", "tunl0", "gre0", "gretap0", "erspan0",
					     "ip6tnl0", "ip6gre0", "ip_vti0", "ip6_vti0" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(l->name, names[i]))
			return !(l->head->ifi_flags & IFF_UP);
	return false;
}

static bool link_is_loopback(const struct link_seen *l)
{
	return l->head->ifi_flags & IFF_LOOPBACK;
}

static bool link_is_outside(const struct link_seen *l)
{
	return l->a[IFLA_LINK_NETNSID].data && l->a[IFLA_LINK].data;
}

static const char *link_problem(const struct link_seen *l)
{
	const struct link_kind *k = kind_find(l->kind);
	struct netlink_attr a[IFLA_BR_VLAN_DEFAULT_PVID + 1], xdp[IFLA_XDP_ATTACHED + 1];

	if (!k)
		return "devices of this kind are not supported";
	if (k->below && link_is_outside(l) && k->type != ND_TYPE__MACVLAN)
		return "the device below it is in another network namespace";
	netlink_attrs(l->a[IFLA_XDP].data, l->a[IFLA_XDP].len, 0, xdp, IFLA_XDP_ATTACHED + 1);
	if (xdp[IFLA_XDP_ATTACHED].len && *(const uint8_t *)xdp[IFLA_XDP_ATTACHED].data)
		return "an XDP program is attached to it, which nobody can read";
	if (k->type != ND_TYPE__BRIDGE)
		return NULL;
	netlink_attrs(l->info[IFLA_INFO_DATA].data, l->info[IFLA_INFO_DATA].len, 0, a,
		      IFLA_BR_VLAN_DEFAULT_PVID + 1);
	if (a[IFLA_BR_VLAN_FILTERING].len && *(const uint8_t *)a[IFLA_BR_VLAN_FILTERING].data)
		return "it filters VLANs, which is not supported";
	return NULL;
}

static int link_look(void *arg, const void *body, size_t len)
{
	struct dump *d = arg;
	struct link_seen l;
	const char *problem;
	int ret = link_see(body, len, &l);

	if (ret || link_is_loopback(&l) || link_is_fallback(&l))
		return ret;
	problem = link_problem(&l);
	if (problem)
		return dump_refuse(d,
				   "the network device %s (%s) of the tree's namespace: %s; remove "
				   "it, or give --empty-ns net and make all devices again at the "
				   "restore",
				   l.name, *l.kind ? l.kind : "of no kind", problem);
	if (link_is_outside(&l) && !external_name(d->ctx.external, l.kind, l.name))
		log_warn("the other end of the network device %s is outside of the tree; the "
			 "restore "
			 "needs --external %s[%s]:NAME, continuing",
			 l.name, l.kind, l.name);
	return 0;
}

static int qdisc_look(void *arg, const void *body, size_t len)
{
	const struct tcmsg *m = body;
	char name[IF_NAMESIZE];

	if (len < sizeof(*m) || !m->tcm_handle)
		return len < sizeof(*m) ? -EPROTO : 0;
	if (!if_indextoname((unsigned int)m->tcm_ifindex, name))
		snprintf(name, sizeof(name), "%d", m->tcm_ifindex);
	return dump_refuse(arg, "the network device %s of the tree's namespace has a queueing "
			   "discipline of its own (%x:), which is not supported; remove it with "
			   "tc qdisc del, or give --empty-ns net", name, m->tcm_handle >> 16);
}

static int links_list(int (*each)(void *arg, const void *body, size_t len), void *arg)
{
	const struct ifinfomsg head = { .ifi_family = AF_UNSPEC };

	return netlink_dump(NETLINK_ROUTE, RTM_GETLINK, &head, sizeof(head), each, arg);
}

int net_links_look(struct dump *d)
{
	const struct tcmsg all = { .tcm_family = AF_UNSPEC };
	int ret = links_list(link_look, d);

	if (!ret)
		ret = netlink_dump(NETLINK_ROUTE, RTM_GETQDISC, &all, sizeof(all), qdisc_look, d);
	return ret == -EOPNOTSUPP ? 0 : ret;	/* a kernel without traffic control */
}

struct links_dump {
	struct dump *d;
	uint32_t id;
	struct image_writer *devs, *extras;
};

static void dev_fill(const struct link_seen *l, uint32_t ns_id, NetDeviceEntry *e)
{
	e->ifindex = (uint32_t)l->head->ifi_index;
	e->flags = l->head->ifi_flags;
	e->mtu = netlink_attr_u32(&l->a[IFLA_MTU], 1500);
	e->name = (char *)l->name;
	e->has_address = !link_is_loopback(l) && l->a[IFLA_ADDRESS].len;
	e->address.data = (uint8_t *)l->a[IFLA_ADDRESS].data;
	e->address.len = l->a[IFLA_ADDRESS].len;
	e->has_peer_ifindex = true;
	e->peer_ifindex = netlink_attr_u32(&l->a[IFLA_LINK], e->ifindex);
	e->has_peer_nsid = !link_is_outside(l);
	e->peer_nsid = ns_id;
	if (link_is_outside(l))
		e->peer_ifindex = e->ifindex;
	e->has_master = l->a[IFLA_MASTER].data != NULL;
	e->master = netlink_attr_u32(&l->a[IFLA_MASTER], 0);
}

static void extra_fill(const struct link_seen *l, CrctlLinkEntry *x)
{
	x->ifindex = (uint32_t)l->head->ifi_index;
	x->kind = (char *)l->kind;
	x->has_data = l->info[IFLA_INFO_DATA].len;
	x->data.data = (uint8_t *)l->info[IFLA_INFO_DATA].data;
	x->data.len = l->info[IFLA_INFO_DATA].len;
	x->has_port = l->info[IFLA_INFO_SLAVE_DATA].len &&
		      !strcmp(attr_text(&l->info[IFLA_INFO_SLAVE_KIND]), "bridge");
	x->port.data = (uint8_t *)l->info[IFLA_INFO_SLAVE_DATA].data;
	x->port.len = l->info[IFLA_INFO_SLAVE_DATA].len;
	x->has_link = l->a[IFLA_LINK].data != NULL;
	x->link = netlink_attr_u32(&l->a[IFLA_LINK], 0);
	x->has_queue_len = l->a[IFLA_TXQLEN].data != NULL;
	x->queue_len = netlink_attr_u32(&l->a[IFLA_TXQLEN], 0);
	x->alias = l->a[IFLA_IFALIAS].len ? (char *)attr_text(&l->a[IFLA_IFALIAS]) : NULL;
	x->has_group = l->a[IFLA_GROUP].data != NULL;
	x->group = netlink_attr_u32(&l->a[IFLA_GROUP], 0);
	x->has_outside = x->outside = link_is_outside(l);
}

static void macvlan_fill(const struct link_seen *l, MacvlanLinkEntry *m)
{
	struct netlink_attr a[IFLA_MACVLAN_FLAGS + 1];

	netlink_attrs(l->info[IFLA_INFO_DATA].data, l->info[IFLA_INFO_DATA].len, 0, a,
		      IFLA_MACVLAN_FLAGS + 1);
	m->mode = netlink_attr_u32(&a[IFLA_MACVLAN_MODE], MACVLAN_MODE_VEPA);
	m->has_flags = a[IFLA_MACVLAN_FLAGS].len == 2 && *(uint16_t *)a[IFLA_MACVLAN_FLAGS].data;
	m->flags = m->has_flags ? *(uint16_t *)a[IFLA_MACVLAN_FLAGS].data : 0;
}

static int link_dump(void *arg, const void *body, size_t len)
{
	struct links_dump *out = arg;
	MacvlanLinkEntry macvlan = MACVLAN_LINK_ENTRY__INIT;
	TunLinkEntry tun = TUN_LINK_ENTRY__INIT;
	NetDeviceEntry dev = NET_DEVICE_ENTRY__INIT;
	CrctlLinkEntry extra = CRCTL_LINK_ENTRY__INIT;
	const struct link_kind *k;
	struct link_seen l;
	int ret = link_see(body, len, &l);

	if (ret || link_is_fallback(&l))
		return ret;
	dev_fill(&l, out->id, &dev);
	ret = net_sysctl_dump_dev(out->d, l.name, &dev);
	k = kind_find(l.kind);
	dev.type = link_is_loopback(&l) ? ND_TYPE__LOOPBACK : k && k->type ? k->type :
			ND_TYPE__EXTLINK;
	if (dev.type == ND_TYPE__MACVLAN) {
		macvlan_fill(&l, &macvlan);
		dev.macvlan = &macvlan;
	}
	extra_fill(&l, &extra);
	if (dev.type == ND_TYPE__TUN) {
		const struct netlink_attr *data = &l.info[IFLA_INFO_DATA];

		dev.tun = &tun;
		ret = ret ? ret : net_tun_dump(out->d, l.name, data->data, data->len, &tun, &extra);
	}
	if (dev.type == ND_TYPE__EXTLINK)
		extra.dev = &dev;
	else if (!ret)
		ret = image_write(out->devs, &dev.base);
	if (!ret && dev.type != ND_TYPE__LOOPBACK)
		ret = image_write(out->extras, &extra.base);
	net_sysctl_free_dev(&dev);
	return ret;
}

int net_links_dump(struct dump *d, uint32_t id)
{
	struct links_dump out = { .d = d, .id = id };
	int dir = d->ctx.images_fd, ret = image_write_open(dir, IMG_NETDEV, id, &out.devs), end;

	if (!ret)
		ret = image_write_open(dir, IMG_CRCTL_LINKS, id, &out.extras);
	if (!ret)
		ret = links_list(link_dump, &out);
	end = image_write_close(out.devs);
	ret = ret ? ret : end;
	end = image_write_close(out.extras);
	ret = ret ? ret : end;
	return ret && !d->ctx.err->ret ? fail_errno(d->ctx.err, ret,
						    "devices of the tree's network "
						    "namespace")
				       : ret;
}

/* ---- reading ---- */

static struct net_link *link_find(struct net_images *n, uint32_t ifindex)
{
	uintptr_t at = (uintptr_t)pidmap_get(&n->by_index, (pid_t)ifindex);

	return at ? &n->links.items[at - 1] : NULL;
}

static int messages_read(struct restore *r, struct net_images *n, enum image_type type,
			 int (*each)(struct restore *r, struct net_images *n, ProtobufCMessage *m))
{
	struct image_reader *reader;
	ProtobufCMessage *msg, **slot;
	int ret = image_read_open(r->ctx.images_fd, type, n->id, &reader);

	if (ret)
		return ret == -ENOENT ? 0 : fail(r->ctx.err, ret, "%s", image_error());
	while ((ret = image_read(reader, image_kinds[type].entry, &msg)) == 1) {
		slot = array_add(&n->messages);
		if (!slot || n->messages.nr > LINKS_MAX) {
			protobuf_c_message_free_unpacked(msg, NULL);
			ret = fail_errno(r->ctx.err, -E2BIG, "netdev-%u.img", n->id);
			break;
		}
		*slot = msg;
		ret = each(r, n, msg);
		if (ret)
			break;
	}
	image_read_close(reader);
	return ret && !r->ctx.err->ret ? fail(r->ctx.err, ret, "%s", image_error()) : ret;
}

static int dev_add(struct restore *r, struct net_images *n, NetDeviceEntry *e)
{
	struct net_link *l;

	if (!*e->name || strlen(e->name) >= IF_NAMESIZE || strchr(e->name, '/') ||
	    !strcmp(e->name, ".") || !strcmp(e->name, "..") || e->ifindex - 1 >= INT32_MAX ||
	    (e->has_address && e->address.len > 32))
		return fail(r->ctx.err, -EINVAL,
			    "netdev-%u.img: a network device with the number %u "
			    "and a bad name or address",
			    n->id, e->ifindex);
	l = array_add(&n->links);
	if (!l)
		return -ENOMEM;
	memset(l, 0, sizeof(*l));
	l->dev = e;
	return pidmap_put(&n->by_index, (pid_t)e->ifindex, (void *)(uintptr_t)n->links.nr);
}

static int dev_read(struct restore *r, struct net_images *n, ProtobufCMessage *m)
{
	NetDeviceEntry *e = (NetDeviceEntry *)m;

	if (e->type == ND_TYPE__LOOPBACK) {
		n->lo = e;
		return 0;
	}
	if (e->type == ND_TYPE__TUN) {
		int ret = net_tun_read(r, n, e);

		return ret ? ret : dev_add(r, n, e);
	}
	if (e->type != ND_TYPE__VETH && e->type != ND_TYPE__BRIDGE && e->type != ND_TYPE__MACVLAN)
		return fail(r->ctx.err, -EOPNOTSUPP,
			    "netdev-%u.img: the network device %s is of type "
			    "%u, which cannot be made; give --empty-ns net",
			    n->id, e->name, e->type);
	return dev_add(r, n, e);
}

static int extra_read(struct restore *r, struct net_images *n, ProtobufCMessage *m)
{
	CrctlLinkEntry *x = (CrctlLinkEntry *)m;
	const struct link_kind *k = kind_find(x->kind);
	struct net_link *l = link_find(n, x->ifindex);
	int ret;

	if (!k || (!l && (!x->dev || k->type || x->dev->ifindex != x->ifindex)) ||
	    (l && k->type != l->dev->type) || (l && l->extra))
		return fail(r->ctx.err, -EINVAL, "crctl-links-%u: device %u of kind %.20s does not "
			    "fit to netdev-%u.img", n->id, x->ifindex, x->kind, n->id);
	if (!l) {
		ret = dev_add(r, n, x->dev);
		if (ret)
			return ret;
		l = &n->links.items[n->links.nr - 1];
	}
	l->extra = x;
	return 0;
}

static const char *link_kind_name(const struct net_link *l)
{
	for (size_t i = 0; !l->extra && i < sizeof(link_kinds) / sizeof(link_kinds[0]); i++)
		if (link_kinds[i].type == l->dev->type)
			return link_kinds[i].name;
	return l->extra->kind;
}

static uint32_t link_below(const struct net_link *l)
{
	return l->extra && l->extra->has_link ? l->extra->link :
	       l->dev->has_peer_ifindex ? l->dev->peer_ifindex : 0;
}

/* The other one of a pair; NULL: it is outside. */
static struct net_link *veth_peer(struct net_images *n, const struct net_link *l)
{
	struct net_link *peer = link_find(n, link_below(l));

	if (!peer || peer == l || peer->dev->type != ND_TYPE__VETH ||
	    (l->extra && l->extra->outside) || link_below(peer) != l->dev->ifindex)
		return NULL;
	return peer;
}

/* What the user says of the end that is outside. */
static int link_outside(struct restore *r, struct net_images *n, struct net_link *l)
{
	const char *kind = link_kind_name(l);
	bool below = kind_find(kind)->below;

	if (l->dev->type == ND_TYPE__VETH ? veth_peer(n, l) != NULL :
	    !below || (!(l->extra && l->extra->outside) && link_find(n, link_below(l))))
		return 0;
	l->outside = external_name(r->ctx.external, kind, l->dev->name);
	if (l->outside && *l->outside && *l->outside != '@' &&
	    strcspn(l->outside, "@") < IF_NAMESIZE)
		return 0;
	return fail(r->ctx.err, -ENOENT,
		    "the other end of the network device %s was outside of the "
		    "tree; give --external %s[%s]:NAME with the device that it is to be here",
		    l->dev->name, kind, l->dev->name);
}

int net_links_read(struct restore *r, struct net_images *n)
{
	int ret = messages_read(r, n, IMG_NETDEV, dev_read);

	if (!ret)
		ret = messages_read(r, n, IMG_CRCTL_LINKS, extra_read);
	for (size_t i = 0; i < n->links.nr && !ret; i++)
		ret = link_outside(r, n, &n->links.items[i]);
	return ret;
}

/* ---- restore ---- */

/* Attributes that an answer has and no request may hold: they tell of a moment. */
static bool attr_is_news(const struct net_link *l, bool port, unsigned int type)
{
	static const uint8_t of_port[] = {
		IFLA_BRPORT_PRIORITY, IFLA_BRPORT_COST, IFLA_BRPORT_MODE, IFLA_BRPORT_GUARD,
		IFLA_BRPORT_PROTECT, IFLA_BRPORT_FAST_LEAVE, IFLA_BRPORT_LEARNING,
		IFLA_BRPORT_UNICAST_FLOOD, IFLA_BRPORT_PROXYARP, IFLA_BRPORT_PROXYARP_WIFI,
		IFLA_BRPORT_MULTICAST_ROUTER, IFLA_BRPORT_MCAST_FLOOD, IFLA_BRPORT_MCAST_TO_UCAST,
		IFLA_BRPORT_BCAST_FLOOD, IFLA_BRPORT_GROUP_FWD_MASK, IFLA_BRPORT_NEIGH_SUPPRESS,
		IFLA_BRPORT_ISOLATED, IFLA_BRPORT_LOCKED,
	};

	if (port)
		return !memchr(of_port, (int)type, sizeof(of_port));
	if (l->dev->type == ND_TYPE__MACVLAN)
		return type == IFLA_MACVLAN_MACADDR_COUNT || type == MACVLAN_QUEUE_USED;
	return l->dev->type == ND_TYPE__BRIDGE &&
	       (type == IFLA_BR_MCAST_QUERIER_STATE || type == BR_N_LEARNED ||
		type == IFLA_BR_VLAN_FILTERING);	/* which is off */
}

/* Only what is on: to turn off what the kernel is built without is an error too. */
static void boolopt_put(struct nlmsg *m, const void *data, size_t len)
{
	struct br_boolopt_multi opts;

	if (len < sizeof(opts))
		return;
	memcpy(&opts, data, sizeof(opts));
	opts.optmask = opts.optval;
	nlmsg_put(m, IFLA_BR_MULTI_BOOLOPT, &opts, sizeof(opts));
}

/* The mask of an answer has all bits, that of a request those that there are. */
static void vlan_flags_put(struct nlmsg *m, const void *data, size_t len)
{
	struct ifla_vlan_flags flags;

	if (len < sizeof(flags))
		return;
	memcpy(&flags, data, sizeof(flags));
	flags.mask = VLAN_FLAG_REORDER_HDR | flags.flags;
	nlmsg_put(m, IFLA_VLAN_FLAGS, &flags, sizeof(flags));
}

static void link_put_attrs(struct nlmsg *m, const struct net_link *l, uint16_t nest,
			   const ProtobufCBinaryData *attrs)
{
	const char *at = (const char *)attrs->data, *end = at + attrs->len;
	size_t start = nlmsg_nest(m, nest);

	while (end - at >= (ptrdiff_t)sizeof(struct nlattr)) {
		const struct nlattr *a = (const void *)at;

		if (a->nla_len < NLA_HDRLEN || a->nla_len > end - at)
			break;
		if (nest == IFLA_INFO_DATA && l->dev->type == ND_TYPE__BRIDGE &&
		    (a->nla_type & NLA_TYPE_MASK) == IFLA_BR_MULTI_BOOLOPT)
			boolopt_put(m, at + NLA_HDRLEN, (size_t)a->nla_len - NLA_HDRLEN);
		else if (nest == IFLA_INFO_DATA && !strcmp(link_kind_name(l), "vlan") &&
			 a->nla_type == IFLA_VLAN_FLAGS)
			vlan_flags_put(m, at + NLA_HDRLEN, (size_t)a->nla_len - NLA_HDRLEN);
		else if (!attr_is_news(l, nest == IFLA_INFO_SLAVE_DATA,
				       a->nla_type & NLA_TYPE_MASK))
			nlmsg_put(m, a->nla_type, at + NLA_HDRLEN, (size_t)a->nla_len - NLA_HDRLEN);
		if (NLA_ALIGN(a->nla_len) >= end - at)
			break;
		at += NLA_ALIGN(a->nla_len);
	}
	nlmsg_nest_end(m, start);
}

static void link_put_info(struct nlmsg *m, const struct net_link *l, const struct net_link *peer,
			  int host_fd)
{
	size_t info = nlmsg_nest(m, IFLA_LINKINFO), data, head;

	nlmsg_put_text(m, IFLA_INFO_KIND, link_kind_name(l));
	if (l->dev->type == ND_TYPE__VETH) {
		struct ifinfomsg ifm = { .ifi_index = peer ? (int)peer->dev->ifindex : 0 };
		char name[IF_NAMESIZE];

		data = nlmsg_nest(m, IFLA_INFO_DATA);
		head = nlmsg_nest(m, VETH_INFO_PEER);
		/* a header without one of netlink, then attributes */
		if (array_grow(&m->buf, &m->cap, m->len + sizeof(ifm), 1))
			m->ret = -ENOMEM;
		else
			memcpy(m->buf + m->len, &ifm, sizeof(ifm));
		m->len += m->ret ? 0 : sizeof(ifm);
		snprintf(name, sizeof(name), "%.*s",
			 (int)strcspn(peer ? peer->dev->name : l->outside, peer ? "" : "@"),
			 peer ? peer->dev->name : l->outside);
		nlmsg_put_text(m, IFLA_IFNAME, name);
		if (!peer)
			nlmsg_put_u32(m, IFLA_NET_NS_FD, (uint32_t)host_fd);
		nlmsg_nest_end(m, head);
		nlmsg_nest_end(m, data);
	} else if (l->extra && l->extra->has_data) {
		link_put_attrs(m, l, IFLA_INFO_DATA, &l->extra->data);
	} else if (l->dev->macvlan) {
		uint16_t flags = (uint16_t)l->dev->macvlan->flags;

		data = nlmsg_nest(m, IFLA_INFO_DATA);
		nlmsg_put_u32(m, IFLA_MACVLAN_MODE, l->dev->macvlan->mode);
		nlmsg_put(m, IFLA_MACVLAN_FLAGS, &flags, sizeof(flags));
		nlmsg_nest_end(m, data);
	}
	nlmsg_nest_end(m, info);
}

/* What can be said of a device once it is there. */
static void link_put_settings(struct nlmsg *m, const struct net_link *l)
{
	/* others have it since they were made, and some can have no other later */
	if ((l->dev->type == ND_TYPE__VETH || l->dev->type == ND_TYPE__TUN) && l->dev->has_address)
		nlmsg_put(m, IFLA_ADDRESS, l->dev->address.data, l->dev->address.len);
	nlmsg_put_u32(m, IFLA_MTU, l->dev->mtu);
	if (!l->extra)
		return;
	if (l->extra->has_queue_len)
		nlmsg_put_u32(m, IFLA_TXQLEN, l->extra->queue_len);
	if (l->extra->has_group)
		nlmsg_put_u32(m, IFLA_GROUP, l->extra->group);
	if (l->extra->alias)
		nlmsg_put_text(m, IFLA_IFALIAS, l->extra->alias);
}

/* The number of a device in crctl's namespace; 0: there is none. */
static uint32_t host_index(const struct net_images *n, const char *name)
{
	struct ifreq q = { 0 };

	snprintf(q.ifr_name, sizeof(q.ifr_name), "%s", name);
	return ioctl(n->host_rtnl_fd, SIOCGIFINDEX, &q) ? 0 : (uint32_t)q.ifr_ifindex;
}

/* Does it lie on another one? */
static bool link_is_below(const struct net_link *l)
{
	return kind_find(link_kind_name(l))->below ||
	       (l->extra && l->extra->has_link && l->dev->type != ND_TYPE__VETH &&
		l->extra->link && l->extra->link != l->dev->ifindex);
}

static int link_make(struct restore *r, struct net_images *n, struct net_link *l, int rtnl_fd)
{
	struct net_link *peer = l->dev->type == ND_TYPE__VETH ? veth_peer(n, l) : NULL;
	bool from_host = l->outside && l->dev->type != ND_TYPE__VETH;
	struct ifinfomsg head = { .ifi_index = (int)l->dev->ifindex };
	auto_close int here_fd = from_host ? ioctl(rtnl_fd, SOCKET_NETNS) : -1;
	struct nlmsg m = { 0 };
	int ret;

	if (l->dev->type == ND_TYPE__TUN) {
		l->made = true;
		return net_tun_make(r, l);
	}
	nlmsg_begin(&m, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof(head));
	nlmsg_put_text(&m, IFLA_IFNAME, l->dev->name);
	if (l->dev->has_address && l->dev->type != ND_TYPE__VETH)
		nlmsg_put(&m, IFLA_ADDRESS, l->dev->address.data, l->dev->address.len);
	if (from_host) {
		nlmsg_put_u32(&m, IFLA_NET_NS_FD, (uint32_t)here_fd);
		nlmsg_put_u32(&m, IFLA_LINK, host_index(n, l->outside));
	} else if (link_is_below(l)) {
		nlmsg_put_u32(&m, IFLA_LINK, link_below(l));
	}
	link_put_info(&m, l, peer, n->host_fd);
	if (from_host)
		rtnl_fd = n->host_rtnl_fd;
	/* the namespace that was dumped is taken apart in the background (cleanup_net) */
	for (int i = 0; (ret = nlmsg_talk(rtnl_fd, &m)) == -EEXIST && l->outside && i < WAIT_ROUNDS;
	     i++)
		usleep(10000);
	free(m.buf);
	if (ret == -EEXIST)	/* what a module puts into each namespace */
		ret = if_nametoindex(l->dev->name) == l->dev->ifindex ? 0 : ret;
	if (ret)
		return fail_errno(r->ctx.err, ret, "making the network device %s (%s)",
				  l->dev->name, link_kind_name(l));
	l->made = true;
	if (peer)
		peer->made = true;
	return 0;
}

static int link_set(struct restore *r, const struct net_link *l, int rtnl_fd)
{
	struct ifinfomsg head = { .ifi_index = (int)l->dev->ifindex };
	struct nlmsg m = { 0 };
	int ret;

	nlmsg_begin(&m, RTM_NEWLINK, 0, &head, sizeof(head));
	link_put_settings(&m, l);
	if (l->dev->has_master)
		nlmsg_put_u32(&m, IFLA_MASTER, l->dev->master);
	ret = nlmsg_talk(rtnl_fd, &m);
	if (!ret && l->dev->has_master && l->extra && l->extra->has_port) {
		size_t info;

		nlmsg_begin(&m, RTM_NEWLINK, 0, &head, sizeof(head));
		info = nlmsg_nest(&m, IFLA_LINKINFO);
		nlmsg_put_text(&m, IFLA_INFO_SLAVE_KIND, "bridge");
		link_put_attrs(&m, l, IFLA_INFO_SLAVE_DATA, &l->extra->port);
		nlmsg_nest_end(&m, info);
		ret = nlmsg_talk(rtnl_fd, &m);
	}
	free(m.buf);
	return ret ? fail_errno(r->ctx.err, ret, "the network device %s: its settings",
				l->dev->name) : 0;
}

/* What lies on another device comes after it. */
int net_links_make(struct restore *r, struct net_images *n, int rtnl_fd)
{
	size_t left = n->links.nr, before;

	do {
		before = left;
		left = 0;
		array_for_each(&n->links, l) {
			const struct net_link *below = link_is_below(l) && !l->outside ?
				link_find(n, link_below(l)) : NULL;
			int ret = 0;

			if (l->made)
				continue;
			if (below && !below->made)
				left++;
			else
				ret = link_make(r, n, l, rtnl_fd);
			if (ret)
				return ret;
		}
	} while (left && left < before);
	if (left)
		return fail(r->ctx.err, -EINVAL, "netdev-%u.img: %zu network devices lie on each "
			    "other", n->id, left);
	array_for_each(&n->links, l) {
		int ret = link_set(r, l, rtnl_fd);

		if (ret)
			return ret;
	}
	return 0;
}

/* The end that is outside: up, and a port of the bridge that is named behind the @. */
static int outside_up(struct restore *r, struct net_images *n, const struct net_link *l)
{
	const char *at = strchr(l->outside, '@');
	struct ifinfomsg head = { .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	struct nlmsg m = { 0 };
	char name[IF_NAMESIZE];
	int ret = 0;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(l->outside, "@"), l->outside);
	head.ifi_index = (int)host_index(n, name);
	nlmsg_begin(&m, RTM_NEWLINK, 0, &head, sizeof(head));
	if (at && at[1]) {
		uint32_t bridge = strlen(at + 1) < IF_NAMESIZE ? host_index(n, at + 1) : 0;

		nlmsg_put_u32(&m, IFLA_MASTER, bridge);
		ret = bridge ? 0 : -ENODEV;
	}
	if (!ret)
		ret = nlmsg_talk(n->host_rtnl_fd, &m);
	free(m.buf);
	return ret ? fail_errno(r->ctx.err, ret,
				"the other end of the network device %s, which is to "
				"be %s",
				l->dev->name, l->outside)
		   : 0;
}

static int link_up(struct restore *r, const NetDeviceEntry *e, int rtnl_fd)
{
	struct ifinfomsg head = {
		.ifi_index = (int)e->ifindex, .ifi_flags = e->flags & KEPT_FLAGS,
		.ifi_change = KEPT_FLAGS,
	};
	struct nlmsg m = { 0 };
	int ret;

	nlmsg_begin(&m, RTM_NEWLINK, 0, &head, sizeof(head));
	ret = nlmsg_talk(rtnl_fd, &m);
	free(m.buf);
	return ret ? fail_errno(r->ctx.err, ret, "the network device %s: flags %#x", e->name,
				e->flags) : 0;
}

/* A carrier is there a moment after both ends are up; before, an IPv6 address is of no use. */
static void carrier_wait(const NetDeviceEntry *e, int rtnl_fd)
{
	struct ifreq q = { 0 };

	snprintf(q.ifr_name, sizeof(q.ifr_name), "%s", e->name);
	for (int i = 0; e->flags & IFF_RUNNING && i < CARRIER_ROUNDS; i++) {
		if (ioctl(rtnl_fd, SIOCGIFFLAGS, &q) || q.ifr_flags & IFF_RUNNING)
			return;
		usleep(1000);
	}
}

int net_links_up(struct restore *r, struct net_images *n, int rtnl_fd)
{
	int ret = 0;

	/* a device is up after those that it lies on, which come first in most images */
	array_for_each(&n->links, l) {
		if (l->outside && l->dev->type == ND_TYPE__VETH)
			ret = outside_up(r, n, l);
		if (!ret)
			ret = link_is_below(l) ? 0 : link_up(r, l->dev, rtnl_fd);
		if (ret)
			return ret;
	}
	array_for_each(&n->links, l) {
		ret = link_is_below(l) ? link_up(r, l->dev, rtnl_fd) : 0;
		if (ret)
			return ret;
	}
	/* a tun device has a carrier once somebody has it open */
	array_for_each(&n->links, l)
		if (l->dev->type != ND_TYPE__TUN)
			carrier_wait(l->dev, rtnl_fd);
	return 0;
}
