// SPDX-License-Identifier: GPL-2.0
/*
 * Addresses, routes, rules and neighbours of a network namespace: the kernel's own
 * answers (rtnetlink), saved as ip(8) saves them and sent back as requests. What the
 * kernel makes by itself, such as local and broadcast routes and neighbours that it
 * found out, is left out: it makes them again. Forwarding entries of bridges lie with
 * the neighbours. States of IPsec, and next hops in resilient groups, are refused.
 */
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kapi/netlink.h"
#include "kapi/nlmsg.h"
#include "lib/cleanup.h"
#include "ns/net.h"

/* of ip addr save, ip route save, ip rule save */
#define ADDR_MAGIC   0x47361222
#define ROUTE_MAGIC  0x45311224
#define RULE_MAGIC   0x71706986
#define STATE_FLAGS  (RTNH_F_DEAD | RTNH_F_LINKDOWN | RTNH_F_OFFLOAD | RTNH_F_TRAP)
#define WAIT_ROUNDS  500	/* of 1 ms */
#define RTA_NR	     (RTA_NH_ID + 1)
/* NHA_OP_FLAGS, NHA_GROUP_STATS, NHA_HW_STATS_ENABLE, NHA_HW_STATS_USED: Linux 6.9 */
#define HOP_ANSWERS  14, 15, 16, 17

/* ---- dump ---- */

static int message_save(void *arg, const void *msg, size_t len)
{
	struct image_writer *w = arg;
	static const char zeros[NLMSG_ALIGNTO];
	int ret = image_write_raw(w, msg, len);

	return ret || NLMSG_ALIGN(len) == len ? ret :
		image_write_raw(w, zeros, NLMSG_ALIGN(len) - len);
}

/* Routes that the kernel makes with each address or device, and cached ones. */
static bool route_is_kernels(const struct rtmsg *m)
{
	return m->rtm_flags & RTM_F_CLONED ||
	       (m->rtm_table == RT_TABLE_LOCAL && m->rtm_protocol == RTPROT_KERNEL);
}

static int route_save(void *arg, const void *msg, size_t len)
{
	const struct rtmsg *m = NLMSG_DATA(msg);

	if (len < NLMSG_LENGTH(sizeof(*m)))
		return -EPROTO;
	return route_is_kernels(m) ? 0 : message_save(arg, msg, len);
}

static int neigh_save(void *arg, const void *msg, size_t len)
{
	const struct ndmsg *m = NLMSG_DATA(msg);

	if (len < NLMSG_LENGTH(sizeof(*m)))
		return -EPROTO;
	/* multicast ones are NOARP */
	return m->ndm_state & NUD_PERMANENT || m->ndm_flags & NTF_PROXY ?
		message_save(arg, msg, len) : 0;
}

int net_list_save(struct dump *d, uint32_t id, enum image_type type, const struct net_list *list)
{
	/* as long as any of them; the rest is 0 */
	const struct rtmsg head = { .rtm_family = list->family };
	uint32_t magic = list->magic;
	struct image_writer *w = NULL;
	int ret = image_write_open(d->ctx.images_fd, type, id, &w), close_ret;

	if (!ret && magic)
		ret = image_write_raw(w, &magic, sizeof(magic));
	if (!ret)
		ret = netlink_dump_whole(list->protocol, list->request, &head,
					 list->head_len ? list->head_len : sizeof(head),
					 list->each ? list->each : message_save, w);
	/* nothing of this in this kernel */
	if (ret == -EOPNOTSUPP || ret == -EAFNOSUPPORT)
		ret = 0;
	close_ret = image_write_close(w);
	return ret ? ret : close_ret;
}

/*
 * What a bridge was told or has learned. Its own addresses and those of its ports it
 * knows by itself, as devices know theirs.
 */
static int fdb_save(void *arg, const void *msg, size_t len)
{
	const struct ndmsg *m = NLMSG_DATA(msg);

	if (len < NLMSG_LENGTH(sizeof(*m)))
		return -EPROTO;
	return m->ndm_flags & NTF_SELF ? 0 : message_save(arg, msg, len);
}

static int proxies_save(struct dump *d, uint32_t id)
{
	struct image_writer *w = NULL;
	const struct ndmsg all = { .ndm_family = AF_UNSPEC };
	const struct ndmsg bridges = { .ndm_family = AF_BRIDGE };
	const struct ndmsg proxies = { .ndm_family = AF_UNSPEC, .ndm_flags = NTF_PROXY };
	int ret = image_write_open(d->ctx.images_fd, IMG_CRCTL_NEIGH, id, &w), close_ret;

	if (!ret)
		ret = netlink_dump_whole(NETLINK_ROUTE, RTM_GETNEIGH, &all, sizeof(all), neigh_save,
					 w);
	if (!ret)
		ret = netlink_dump_whole(NETLINK_ROUTE, RTM_GETNEIGH, &proxies, sizeof(proxies),
					 neigh_save, w);
	if (!ret)
		ret = netlink_dump_whole(NETLINK_ROUTE, RTM_GETNEIGH, &bridges, sizeof(bridges),
					 fdb_save, w);
	close_ret = image_write_close(w);
	return ret ? ret : close_ret;
}

static const struct net_list addrs = { NETLINK_ROUTE, RTM_GETADDR, AF_UNSPEC,
				       .magic = ADDR_MAGIC };
static const struct net_list hops = { NETLINK_ROUTE, RTM_GETNEXTHOP, AF_UNSPEC,
				      .head_len = sizeof(struct nhmsg) };
static const struct net_list routes = { NETLINK_ROUTE, RTM_GETROUTE, AF_INET,
					.magic = ROUTE_MAGIC, .each = route_save };
static const struct net_list routes6 = { NETLINK_ROUTE, RTM_GETROUTE, AF_INET6,
					 .magic = ROUTE_MAGIC, .each = route_save };
static const struct net_list rules = { NETLINK_ROUTE, RTM_GETRULE, AF_UNSPEC,
				       .magic = RULE_MAGIC };

int net_routes_dump(struct dump *d, uint32_t id)
{
	int ret = net_list_save(d, id, IMG_IFADDR, &addrs);

	if (!ret)
		ret = net_list_save(d, id, IMG_CRCTL_NEXTHOP, &hops);
	if (!ret)
		ret = net_list_save(d, id, IMG_ROUTE, &routes);
	if (!ret)
		ret = net_list_save(d, id, IMG_ROUTE6, &routes6);
	if (!ret)
		ret = net_list_save(d, id, IMG_RULE, &rules);
	if (!ret)
		ret = proxies_save(d, id);
	return ret ? fail_errno(d->ctx.err, ret, "addresses and routes of the tree's network "
				"namespace") : 0;
}

/* A group that keeps its flows together has a table of them, which cannot be set. */
static int hop_look(void *arg, const void *body, size_t len)
{
	struct netlink_attr a[NHA_GROUP_TYPE + 1];

	if (len < sizeof(struct nhmsg))
		return -EPROTO;
	netlink_attrs(body, len, sizeof(struct nhmsg), a, NHA_GROUP_TYPE + 1);
	if (a[NHA_GROUP_TYPE].len != 2 || *(const uint16_t *)a[NHA_GROUP_TYPE].data == 0)
		return 0;
	return dump_refuse(arg, "next hop %u of the tree's network namespace is a resilient group, "
			   "which is not supported; make it one of type mpath (ip nexthop)",
			   netlink_attr_u32(&a[NHA_ID], 0));
}

static int ipsec_look(void *arg, const void *msg, size_t len)
{
	*(bool *)arg = true;
	return 0;
}

int net_routes_look(struct dump *d)
{
	const struct nhmsg all = { .nh_family = AF_UNSPEC };
	bool ipsec = false;
	int ret = netlink_dump(NETLINK_ROUTE, RTM_GETNEXTHOP, &all, sizeof(all), hop_look, d);

	if (ret && ret != -EOPNOTSUPP)
		return fail_errno(d->ctx.err, ret, "next hops of the tree's network namespace");
	/* without IPsec in the kernel there is nobody to ask */
	(void)netlink_dump_whole(NETLINK_XFRM, XFRM_MSG_GETSA, NULL, 0, ipsec_look, &ipsec);
	(void)netlink_dump_whole(NETLINK_XFRM, XFRM_MSG_GETPOLICY, NULL, 0, ipsec_look, &ipsec);
	return ipsec ? dump_refuse(d,
				   "the tree's network namespace has states or policies of IPsec, "
				   "which are not supported; remove them (ip xfrm)")
		     : 0;
}

/* ---- restore ---- */

struct sending {
	int fd;
	size_t nr_failed;	/* in this round */
	int ret;		/* of one of them */
	void (*edit)(struct nlmsg *m);	/* NULL: they go as they are */
};

/* State of the devices then, which no request may hold (fib_create_info). */
static void hops_clean(char *msg, size_t len)
{
	struct rtmsg *m = NLMSG_DATA(msg);
	struct netlink_attr a[RTA_NR];
	char *at, *end;

	m->rtm_flags &= ~(unsigned int)STATE_FLAGS;
	netlink_attrs(m, len - NLMSG_HDRLEN, sizeof(*m), a, RTA_NR);
	at = (char *)a[RTA_MULTIPATH].data;
	end = at + a[RTA_MULTIPATH].len;
	while (at && end - at >= (ptrdiff_t)sizeof(struct rtnexthop)) {
		struct rtnexthop *hop = (void *)at;

		hop->rtnh_flags &= (unsigned char)~STATE_FLAGS;
		if (hop->rtnh_len < sizeof(*hop) || RTNH_ALIGN(hop->rtnh_len) > end - at)
			break;
		at += RTNH_ALIGN(hop->rtnh_len);
	}
}

/* All attributes but those in @left_out, which ends with 0. */
static void attrs_put(struct nlmsg *m, const struct nlmsghdr *h, uint16_t flags, size_t head_len,
		      const uint16_t *left_out)
{
	struct netlink_attr a[RTA_NR];

	netlink_attrs(NLMSG_DATA(h), h->nlmsg_len - NLMSG_HDRLEN, head_len, a, RTA_NR);
	nlmsg_begin(m, h->nlmsg_type, flags, NLMSG_DATA(h), head_len);
	for (uint16_t i = 1; i < RTA_NR; i++) {
		const uint16_t *out = left_out;

		while (*out && *out != i)
			out++;
		if (a[i].data && !*out)
			nlmsg_put(m, i, a[i].data, a[i].len);
	}
}

/* A route that names its next hop says nothing more of it (rtm_to_fib_config). */
static void route_put(struct nlmsg *m, const struct nlmsghdr *h, uint16_t flags)
{
	static const uint16_t of_hop[] = { RTA_OIF, RTA_GATEWAY, RTA_VIA, RTA_MULTIPATH, RTA_ENCAP,
					   RTA_ENCAP_TYPE, RTA_FLOW, 0 };
	const struct rtmsg *body = NLMSG_DATA(h);
	struct netlink_attr a[RTA_NR];

	netlink_attrs(body, h->nlmsg_len - NLMSG_HDRLEN, sizeof(*body), a, RTA_NR);
	if (a[RTA_NH_ID].data)
		attrs_put(m, h, flags, sizeof(*body), of_hop);
	else
		nlmsg_begin(m, h->nlmsg_type, flags, body, h->nlmsg_len - NLMSG_HDRLEN);
	if (!m->ret)
		hops_clean(m->buf, m->len);
}

/* What the kernel says in an answer and takes in no request (nh_config_parse). */
static void hop_put(struct nlmsg *m, const struct nlmsghdr *h, uint16_t flags)
{
	static const uint16_t answers[] = { HOP_ANSWERS, 0 };
	struct nhmsg *body;

	attrs_put(m, h, flags, sizeof(*body), answers);
	if (m->ret)
		return;
	body = NLMSG_DATA((struct nlmsghdr *)m->buf);
	body->nh_scope = 0;
	body->nh_flags &= RTNH_F_ONLINK;
}

/* An address that a bridge has by itself; one that it learned, and learns again. */
static bool fdb_is(const struct nlmsghdr *h, uint16_t state)
{
	const struct ndmsg *m = NLMSG_DATA(h);

	return h->nlmsg_type == RTM_NEWNEIGH && m->ndm_family == AF_BRIDGE &&
	       (state ? m->ndm_state & state : !(m->ndm_state & (NUD_PERMANENT | NUD_NOARP)));
}

/* An entry of the bridge itself, not of a port. */
static void fdb_own(struct nlmsg *m)
{
	struct ndmsg *body = NLMSG_DATA((struct nlmsghdr *)m->buf);
	struct netlink_attr a[NDA_MASTER + 1];

	netlink_attrs(body, m->len - NLMSG_HDRLEN, sizeof(*body), a, NDA_MASTER + 1);
	if (netlink_attr_u32(&a[NDA_MASTER], 0) == (uint32_t)body->ndm_ifindex)
		body->ndm_flags |= NTF_SELF;
}

static int message_send(struct sending *out, const struct nlmsghdr *h, uint16_t flags)
{
	struct nlmsg m = { 0 };
	int ret;

	if (fdb_is(h, NUD_PERMANENT))
		flags = NLM_F_CREATE | NLM_F_EXCL;
	if (h->nlmsg_type == RTM_NEWROUTE)
		route_put(&m, h, flags);
	else if (h->nlmsg_type == RTM_NEWNEXTHOP)
		hop_put(&m, h, flags);
	else
		nlmsg_begin(&m, h->nlmsg_type, flags, NLMSG_DATA(h), h->nlmsg_len - NLMSG_HDRLEN);
	if (!m.ret && fdb_is(h, NUD_PERMANENT | NUD_NOARP))
		fdb_own(&m);
	if (!m.ret && out->edit)
		out->edit(&m);
	ret = nlmsg_talk(out->fd, &m);
	free(m.buf);
	if (fdb_is(h, 0))
		ret = 0;
	if (ret && ret != -EEXIST) {
		out->nr_failed++;
		out->ret = ret;
	}
	return ret;
}

/*
 * All messages of an image, which must be of @type and as long as @head_len; those that
 * *sent says were taken are left out.
 */
static int image_send(struct restore *r, const char *data, size_t len, uint16_t type,
		      size_t head_len, uint16_t flags, bool *sent, struct sending *out)
{
	const struct nlmsghdr *h = (const void *)data;

	out->nr_failed = 0;
	for (size_t i = 0; len; i++) {
		int ret;

		if (!NLMSG_OK(h, len) || h->nlmsg_type != type ||
		    h->nlmsg_len < NLMSG_LENGTH(head_len) || NLMSG_ALIGN(h->nlmsg_len) > len)
			return -EINVAL;
		if (!sent[i]) {
			ret = message_send(out, h, flags);
			sent[i] = !ret || ret == -EEXIST;
		}
		h = NLMSG_NEXT(h, len);
	}
	return 0;
}

/* A route can need another one that comes later: in rounds, as long as that helps. */
int net_list_send(struct restore *r, struct net_images *n, enum image_type type,
		  const struct net_sent *list, int fd)
{
	uint16_t message = list->message;
	uint32_t magic = list->magic;
	/* what the kernel has made by itself already stays as it is */
	const uint16_t flags = NLM_F_CREATE |
			       (message == RTM_NEWNEIGH ? NLM_F_REPLACE : NLM_F_EXCL);
	struct image_reader *reader = n->raw[type];
	size_t len = reader ? image_read_left(reader) : 0, before = SIZE_MAX;
	auto_free bool *sent = calloc(len / NLMSG_HDRLEN + 1, sizeof(*sent));
	struct sending out = { .fd = fd, .edit = list->edit };
	char name[64];
	const void *data;
	int ret = 0;

	if (!sent)
		return fail_errno(r->ctx.err, -ENOMEM, "addresses and routes");
	image_name(type, n->id, name, sizeof(name));
	if (!len || image_read_raw(reader, len, &data))
		return 0;
	if (magic && (len < sizeof(magic) || memcmp(data, &magic, sizeof(magic))))
		return fail(r->ctx.err, -EINVAL, "%s does not begin with %#x", name, magic);
	do {
		before = out.nr_failed ? out.nr_failed : SIZE_MAX;
		ret = image_send(r, (const char *)data + (magic ? 4 : 0), len - (magic ? 4 : 0),
				 message, list->head_len, flags, sent, &out);
	} while (!ret && out.nr_failed && out.nr_failed < before);
	if (ret)
		return fail(r->ctx.err, ret, "%s has a message that is none of a list of this sort",
			    name);
	if (out.nr_failed && list->may_fail) {
		log_warn("%s: the kernel does not take %zu of the entries: %s, continuing", name,
			 out.nr_failed, strerror(-out.ret));
		return 0;
	}
	return out.nr_failed ? fail_errno(r->ctx.err, out.ret,
					  "%s: the kernel does not take %zu of "
					  "the entries",
					  name, out.nr_failed)
			     : 0;
}

static int rule_drop(void *arg, const void *msg, size_t len)
{
	struct nlmsg m = { 0 };

	nlmsg_begin(&m, RTM_DELRULE, 0, NLMSG_DATA(msg), len - NLMSG_HDRLEN);
	/* the first one of all stays, in each namespace */
	(void)nlmsg_talk(*(const int *)arg, &m);
	free(m.buf);
	return 0;
}

static int addr_tentative(void *arg, const void *body, size_t len)
{
	const struct ifaddrmsg *m = body;

	if (len < sizeof(*m))
		return -EPROTO;
	if (m->ifa_flags & IFA_F_TENTATIVE)
		*(bool *)arg = true;
	return 0;
}

/* The kernel makes addresses fit for use in the background (addrconf_dad_work). */
static void addrs_wait(void)
{
	const struct ifaddrmsg all = { .ifa_family = AF_INET6 };

	for (int i = 0; i < WAIT_ROUNDS; i++) {
		bool tentative = false;

		if (netlink_dump(NETLINK_ROUTE, RTM_GETADDR, &all, sizeof(all), addr_tentative,
				 &tentative) || !tentative)
			return;
		usleep(1000);
	}
}

int net_routes_restore(struct restore *r, struct net_images *n, int rtnl_fd)
{
	static const struct {
		enum image_type type;
		struct net_sent list;
	} lists[] = {
		{ IMG_IFADDR, { RTM_NEWADDR, sizeof(struct ifaddrmsg), .magic = ADDR_MAGIC } },
		{ IMG_CRCTL_NEXTHOP, { RTM_NEWNEXTHOP, sizeof(struct nhmsg), .magic = 0 } },
		{ IMG_ROUTE, { RTM_NEWROUTE, sizeof(struct rtmsg), .magic = ROUTE_MAGIC } },
		{ IMG_ROUTE6, { RTM_NEWROUTE, sizeof(struct rtmsg), .magic = ROUTE_MAGIC } },
		{ IMG_RULE, { RTM_NEWRULE, sizeof(struct fib_rule_hdr), .magic = RULE_MAGIC } },
		{ IMG_CRCTL_NEIGH, { RTM_NEWNEIGH, sizeof(struct ndmsg), .magic = 0 } },
	};
	const struct fib_rule_hdr all = { .family = AF_UNSPEC };
	int ret = 0;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]) && !ret; i++) {
		/* those that a new namespace has may not be in the images */
		if (lists[i].type == IMG_RULE && n->raw[IMG_RULE])
			ret = netlink_dump_whole(NETLINK_ROUTE, RTM_GETRULE, &all, sizeof(all),
						 rule_drop, &rtnl_fd);
		if (!ret)
			ret = net_list_send(r, n, lists[i].type, &lists[i].list, rtnl_fd);
		if (lists[i].type == IMG_IFADDR)
			addrs_wait();
	}
	return ret;
}
