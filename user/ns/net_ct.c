// SPDX-License-Identifier: GPL-2.0
/*
 * What connection tracking knows in a network namespace: connections and expected ones,
 * as ctnetlink tells of them. Without it rules that let established connections pass
 * would drop those of the tree. Counters begin anew. A connection that is translated
 * (NAT) is told as the kernel sees it, and is to be asked for as it was before that.
 */
#include <errno.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kapi/netlink.h"
#include "lib/cleanup.h"
#include "ns/net.h"

#define CT(message)  (NFNL_SUBSYS_CTNETLINK << 8 | (message))
#define EXP(message) (NFNL_SUBSYS_CTNETLINK_EXP << 8 | (message))

/* ---- dump ---- */

int net_ct_dump(struct dump *d, uint32_t id)
{
	static const struct net_list connections = { NETLINK_NETFILTER, CT(IPCTNL_MSG_CT_GET),
		AF_UNSPEC, .head_len = sizeof(struct nfgenmsg) };
	static const struct net_list expected = { NETLINK_NETFILTER, EXP(IPCTNL_MSG_EXP_GET),
		AF_UNSPEC, .head_len = sizeof(struct nfgenmsg) };
	int ret = net_list_save(d, id, IMG_NETNF_CT, &connections);

	if (!ret)
		ret = net_list_save(d, id, IMG_NETNF_EXP, &expected);
	/* no connection tracking in this kernel, or nobody to tell of it */
	if (ret == -EINVAL || ret == -ENOENT || ret == -EPROTONOSUPPORT)
		return 0;
	return ret ? fail_errno(d->ctx.err, ret, "the connections that the tree's network "
				"namespace tracks") : 0;
}

/* ---- restore ---- */

/* One direction of a connection, pointing into the message; len 0: has none of it. */
struct tuple {
	struct netlink_attr ip[CTA_IP_V6_DST + 1];
	struct netlink_attr proto[CTA_PROTO_DST_PORT + 1];
	int src, dst;		/* in ip */
};

static bool tuple_read(const struct netlink_attr *attr, struct tuple *t)
{
	struct netlink_attr a[CTA_TUPLE_PROTO + 1];

	netlink_attrs(attr->data, attr->len, 0, a, CTA_TUPLE_PROTO + 1);
	netlink_attrs(a[CTA_TUPLE_IP].data, a[CTA_TUPLE_IP].len, 0, t->ip, CTA_IP_V6_DST + 1);
	netlink_attrs(a[CTA_TUPLE_PROTO].data, a[CTA_TUPLE_PROTO].len, 0, t->proto,
		      CTA_PROTO_DST_PORT + 1);
	t->src = t->ip[CTA_IP_V4_SRC].len ? CTA_IP_V4_SRC : CTA_IP_V6_SRC;
	t->dst = t->ip[CTA_IP_V4_SRC].len ? CTA_IP_V4_DST : CTA_IP_V6_DST;
	return t->ip[t->src].len && t->ip[t->src].len == t->ip[t->dst].len;
}

/* The address and port that a connection is translated to. */
static void nat_put(struct nlmsg *m, uint16_t type, const struct netlink_attr *ip,
		    const struct netlink_attr *port)
{
	size_t nat = nlmsg_nest(m, (uint16_t)(type | NLA_F_NESTED)), proto;

	nlmsg_put(m, ip->len == 4 ? CTA_NAT_V4_MINIP : CTA_NAT_V6_MINIP, ip->data, ip->len);
	if (port->len == 2) {
		proto = nlmsg_nest(m, CTA_NAT_PROTO | NLA_F_NESTED);
		nlmsg_put(m, CTA_PROTONAT_PORT_MIN, port->data, 2);
		nlmsg_put(m, CTA_PROTONAT_PORT_MAX, port->data, 2);
		nlmsg_nest_end(m, proto);
	}
	nlmsg_nest_end(m, nat);
}

/* What lies at @to in a copy of the message that @from points into. */
static void attr_copy(char *copy, const char *whole, const struct netlink_attr *to,
		      const struct netlink_attr *from)
{
	if (to->len && to->len == from->len)
		memcpy(copy + ((const char *)to->data - whole), from->data, from->len);
}

/* The answers as they would come without translation, and what that is to be. */
static void ct_edit(struct nlmsg *m)
{
	const char *body = m->buf + NLMSG_HDRLEN;
	size_t len = m->len - NLMSG_HDRLEN;
	auto_free char *whole = malloc(len);
	struct netlink_attr a[CTA_STATUS + 1];
	struct tuple orig, reply;
	uint32_t status;

	if (!whole) {
		m->ret = -ENOMEM;
		return;
	}
	memcpy(whole, body, len);
	netlink_attrs(whole, len, sizeof(struct nfgenmsg), a, CTA_STATUS + 1);
	status = a[CTA_STATUS].len == 4 ? *(const uint32_t *)a[CTA_STATUS].data : 0;
	status = __builtin_bswap32(status);
	if (!(status & (IPS_SRC_NAT | IPS_DST_NAT)) || !tuple_read(&a[CTA_TUPLE_ORIG], &orig) ||
	    !tuple_read(&a[CTA_TUPLE_REPLY], &reply))
		return;
	attr_copy(m->buf + NLMSG_HDRLEN, whole, &reply.ip[reply.src], &orig.ip[orig.dst]);
	attr_copy(m->buf + NLMSG_HDRLEN, whole, &reply.ip[reply.dst], &orig.ip[orig.src]);
	attr_copy(m->buf + NLMSG_HDRLEN, whole, &reply.proto[CTA_PROTO_SRC_PORT],
		  &orig.proto[CTA_PROTO_DST_PORT]);
	attr_copy(m->buf + NLMSG_HDRLEN, whole, &reply.proto[CTA_PROTO_DST_PORT],
		  &orig.proto[CTA_PROTO_SRC_PORT]);
	if (status & IPS_SRC_NAT)
		nat_put(m, CTA_NAT_SRC, &reply.ip[reply.dst], &reply.proto[CTA_PROTO_DST_PORT]);
	if (status & IPS_DST_NAT)
		nat_put(m, CTA_NAT_DST, &reply.ip[reply.src], &reply.proto[CTA_PROTO_SRC_PORT]);
}

int net_ct_restore(struct restore *r, struct net_images *n)
{
	static const struct net_sent connections = { CT(IPCTNL_MSG_CT_NEW),
		sizeof(struct nfgenmsg), .may_fail = true, .edit = ct_edit };
	static const struct net_sent expected = { EXP(IPCTNL_MSG_EXP_NEW),
		sizeof(struct nfgenmsg), .may_fail = true };
	auto_close int fd = -1;
	int ret;

	if (!n->raw[IMG_NETNF_CT] || !image_read_left(n->raw[IMG_NETNF_CT]))
		return 0;
	fd = nlmsg_open(NETLINK_NETFILTER);
	if (fd < 0)
		return fail_errno(r->ctx.err, fd, "connection tracking");
	ret = net_list_send(r, n, IMG_NETNF_CT, &connections, fd);
	return ret ? ret : net_list_send(r, n, IMG_NETNF_EXP, &expected, fd);
}
