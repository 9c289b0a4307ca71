// SPDX-License-Identifier: GPL-2.0
/*
 * The lock on connections, in the words of nf_tables' netlink interface
 * (linux/netfilter/nf_tables.h). A table has one set a protocol version, of local
 * address, local port, peer's address and peer's port, and two chains that look
 * packets up in it, each in its direction. What comes in is looked at after the
 * translation of addresses and what goes out before it, so that the addresses are
 * those of the sockets. A batch is one transaction: all of it is there, or nothing.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kapi/nft.h"
#include "lib/array.h"
#include "lib/cleanup.h"

#define TABLE_OWNER    2	/* NFT_TABLE_F_OWNER, Linux 5.12 */
#define PRIORITY_IN    200	/* after NF_IP_PRI_NAT_SRC */
#define PRIORITY_OUT   (-300)	/* NF_IP_PRI_RAW */
#define ELEMS_A_MSG    1000	/* an attribute ends at 64 KiB */
/* types of libnftables, so that `nft list ruleset` can print the sets */
#define TYPE_IPV4      7
#define TYPE_IPV6      8
#define TYPE_PORT      13
#define TYPE_BITS      6

/* What is being sent; ret is the first failure to find room. */
struct batch {
	char *buf;
	size_t len, cap;
	size_t msg;		/* where the last message begins */
	uint32_t seq;
	int ret;
};

struct nested {
	size_t at;
};

/* ---- messages ---- */

static void *batch_room(struct batch *b, size_t len)
{
	size_t whole = NLMSG_ALIGN(len);
	char *at;

	if (!b->ret)
		b->ret = array_grow(&b->buf, &b->cap, b->len + whole, 1);
	if (b->ret)
		return NULL;
	at = b->buf + b->len;
	memset(at, 0, whole);
	b->len += whole;
	return at;
}

static void msg_begin(struct batch *b, int type, int flags, uint8_t family, uint16_t res_id)
{
	struct nlmsghdr *h;
	struct nfgenmsg *gen;

	b->msg = b->len;
	h = batch_room(b, NLMSG_LENGTH(sizeof(*gen)));
	if (!h)
		return;
	h->nlmsg_type = (uint16_t)type;
	h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	h->nlmsg_seq = ++b->seq;
	gen = NLMSG_DATA(h);
	gen->nfgen_family = family;
	gen->version = NFNETLINK_V0;
	gen->res_id = htons(res_id);
}

static void msg_end(struct batch *b)
{
	if (!b->ret)
		((struct nlmsghdr *)(b->buf + b->msg))->nlmsg_len = (uint32_t)(b->len - b->msg);
}

static void nft_msg(struct batch *b, int type, int flags)
{
	msg_begin(b, NFNL_SUBSYS_NFTABLES << 8 | type, flags, NFPROTO_INET, 0);
}

static void put(struct batch *b, int type, const void *data, size_t len)
{
	struct nlattr *a = batch_room(b, NLA_HDRLEN + len);

	if (!a)
		return;
	a->nla_type = (uint16_t)type;
	a->nla_len = (uint16_t)(NLA_HDRLEN + len);
	memcpy((char *)a + NLA_HDRLEN, data, len);
}

static void put_text(struct batch *b, int type, const char *text)
{
	put(b, type, text, strlen(text) + 1);
}

static void put_u32(struct batch *b, int type, uint32_t value)
{
	value = htonl(value);
	put(b, type, &value, sizeof(value));
}

static struct nested nest(struct batch *b, int type)
{
	struct nested n = { b->len };
	struct nlattr *a = batch_room(b, NLA_HDRLEN);

	if (a)
		a->nla_type = (uint16_t)(type | NLA_F_NESTED);
	return n;
}

static void nest_end(struct batch *b, struct nested n)
{
	if (!b->ret)
		((struct nlattr *)(b->buf + n.at))->nla_len = (uint16_t)(b->len - n.at);
}

static void batch_begin(struct batch *b)
{
	msg_begin(b, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	msg_end(b);
}

/* ---- answers ---- */

/* One datagram of answers. 1: the one to @last is not among them. */
static int answers_read(const char *buf, size_t len, uint32_t last)
{
	const struct nlmsghdr *h = (const void *)buf;

	for (; NLMSG_OK(h, len); h = NLMSG_NEXT(h, len)) {
		if (h->nlmsg_type != NLMSG_ERROR)
			return h->nlmsg_seq == last ? 0 : -EPROTO;
		if (((const struct nlmsgerr *)NLMSG_DATA(h))->error)
			return ((const struct nlmsgerr *)NLMSG_DATA(h))->error;
		if (h->nlmsg_seq == last)
			return 0;
	}
	return 1;
}

static int batch_send(int fd, struct batch *b, uint32_t last)
{
	int size = (int)(b->len * 2 + 65536), ret;
	auto_free char *buf = malloc(65536);
	ssize_t len;

	if (b->ret || !buf)
		return b->ret ? b->ret : -ENOMEM;
	/* each message of a batch that failed has its own answer, and the first was enough */
	while (recv(fd, buf, 65536, MSG_DONTWAIT) >= 0)
		;
	/* one datagram, however long */
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	if (send(fd, b->buf, b->len, 0) < 0)
		return -errno;
	do {
		len = recv(fd, buf, 65536, 0);
		if (len < 0)
			return -errno;
		ret = answers_read(buf, (size_t)len, last);
	} while (ret == 1);
	return ret;
}

/* The last message before the end asks for the answer. */
static int batch_finish(int fd, struct batch *b)
{
	uint32_t last = b->seq;

	if (!b->ret)
		((struct nlmsghdr *)(b->buf + b->msg))->nlmsg_flags |= NLM_F_ACK;
	msg_begin(b, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	msg_end(b);
	return batch_send(fd, b, last);
}

/* ---- sets ---- */

static const char *const set_names[] = { "conns4", "conns6" };
static const size_t addr_lens[] = { 4, 16 };

static void set_add(struct batch *b, const char *table, bool ipv6)
{
	uint32_t addr = ipv6 ? TYPE_IPV6 : TYPE_IPV4;

	nft_msg(b, NFT_MSG_NEWSET, NLM_F_CREATE);
	put_text(b, NFTA_SET_TABLE, table);
	put_text(b, NFTA_SET_NAME, set_names[ipv6]);
	put_u32(b, NFTA_SET_FLAGS, 0);
	put_u32(b, NFTA_SET_KEY_TYPE,
		((addr << TYPE_BITS | TYPE_PORT) << TYPE_BITS | addr) << TYPE_BITS | TYPE_PORT);
	put_u32(b, NFTA_SET_KEY_LEN, (uint32_t)(addr_lens[ipv6] + 4) * 2);
	put_u32(b, NFTA_SET_ID, ipv6 + 1);
	msg_end(b);
}

static void elem_put(struct batch *b, const struct nft_conn *c)
{
	size_t len = addr_lens[c->ipv6];
	struct nested elem = nest(b, NFTA_LIST_ELEM), key = nest(b, NFTA_SET_ELEM_KEY);
	uint16_t local_port = htons(c->local_port), peer_port = htons(c->peer_port);
	char value[40] = { 0 };

	memcpy(value, c->local, len);
	memcpy(value + len, &local_port, 2);
	memcpy(value + len + 4, c->peer, len);
	memcpy(value + len * 2 + 4, &peer_port, 2);
	put(b, NFTA_DATA_VALUE, value, (len + 4) * 2);
	nest_end(b, key);
	nest_end(b, elem);
}

static void elems_add(struct batch *b, const char *table, bool ipv6, const struct nft_conn *conns,
		      size_t nr)
{
	for (size_t i = 0; i < nr;) {
		struct nested list;

		nft_msg(b, NFT_MSG_NEWSETELEM, NLM_F_CREATE);
		put_text(b, NFTA_SET_ELEM_LIST_TABLE, table);
		put_text(b, NFTA_SET_ELEM_LIST_SET, set_names[ipv6]);
		put_u32(b, NFTA_SET_ELEM_LIST_SET_ID, ipv6 + 1);
		list = nest(b, NFTA_SET_ELEM_LIST_ELEMENTS);
		for (size_t end = i + ELEMS_A_MSG; i < nr && i < end; i++)
			if (conns[i].ipv6 == ipv6)
				elem_put(b, &conns[i]);
		nest_end(b, list);
		msg_end(b);
	}
}

/* ---- chains and rules ---- */

static void chain_add(struct batch *b, const char *table, const char *name, int hook, int priority)
{
	struct nested n;

	nft_msg(b, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	put_text(b, NFTA_CHAIN_TABLE, table);
	put_text(b, NFTA_CHAIN_NAME, name);
	n = nest(b, NFTA_CHAIN_HOOK);
	put_u32(b, NFTA_HOOK_HOOKNUM, (uint32_t)hook);
	put_u32(b, NFTA_HOOK_PRIORITY, (uint32_t)priority);
	nest_end(b, n);
	put_u32(b, NFTA_CHAIN_POLICY, NF_ACCEPT);
	put_text(b, NFTA_CHAIN_TYPE, "filter");
	msg_end(b);
}

struct expr {
	struct nested elem, data;
};

static struct expr expr_begin(struct batch *b, const char *name)
{
	struct expr e = { .elem = nest(b, NFTA_LIST_ELEM) };

	put_text(b, NFTA_EXPR_NAME, name);
	e.data = nest(b, NFTA_EXPR_DATA);
	return e;
}

static void expr_end(struct batch *b, struct expr e)
{
	nest_end(b, e.data);
	nest_end(b, e.elem);
}

/* Only packets whose @key has this value go on. */
static void expr_meta_is(struct batch *b, uint32_t key, const void *value, size_t len)
{
	struct expr e = expr_begin(b, "meta");
	struct nested n;

	put_u32(b, NFTA_META_DREG, NFT_REG_1);
	put_u32(b, NFTA_META_KEY, key);
	expr_end(b, e);
	e = expr_begin(b, "cmp");
	put_u32(b, NFTA_CMP_SREG, NFT_REG_1);
	put_u32(b, NFTA_CMP_OP, NFT_CMP_EQ);
	n = nest(b, NFTA_CMP_DATA);
	put(b, NFTA_DATA_VALUE, value, len);
	nest_end(b, n);
	expr_end(b, e);
}

static void expr_payload(struct batch *b, uint32_t reg, uint32_t base, uint32_t offset, size_t len)
{
	struct expr e = expr_begin(b, "payload");

	put_u32(b, NFTA_PAYLOAD_DREG, reg);
	put_u32(b, NFTA_PAYLOAD_BASE, base);
	put_u32(b, NFTA_PAYLOAD_OFFSET, offset);
	put_u32(b, NFTA_PAYLOAD_LEN, (uint32_t)len);
	expr_end(b, e);
}

static void expr_verdict(struct batch *b, uint32_t verdict)
{
	struct expr e = expr_begin(b, "immediate");
	struct nested data, code;

	put_u32(b, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = nest(b, NFTA_IMMEDIATE_DATA);
	code = nest(b, NFTA_DATA_VERDICT);
	put_u32(b, NFTA_VERDICT_CODE, verdict);
	nest_end(b, code);
	nest_end(b, data);
	expr_end(b, e);
}

static struct nested rule_begin(struct batch *b, const char *table, const char *chain)
{
	nft_msg(b, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	put_text(b, NFTA_RULE_TABLE, table);
	put_text(b, NFTA_RULE_CHAIN, chain);
	return nest(b, NFTA_RULE_EXPRESSIONS);
}

static void rule_end(struct batch *b, struct nested rule)
{
	nest_end(b, rule);
	msg_end(b);
}

static void rule_pass_marked(struct batch *b, const char *table, const char *chain)
{
	struct nested rule = rule_begin(b, table, chain);
	uint32_t mark = NFT_PASS_MARK;

	expr_meta_is(b, NFT_META_MARK, &mark, sizeof(mark));
	expr_verdict(b, NF_ACCEPT);
	rule_end(b, rule);
}

/* Source and destination change places on the way in: the set begins with the local side. */
static void rule_drop(struct batch *b, const char *table, const char *chain, bool ipv6, bool in)
{
	struct nested rule = rule_begin(b, table, chain);
	uint8_t family = ipv6 ? NFPROTO_IPV6 : NFPROTO_IPV4, tcp = IPPROTO_TCP;
	uint32_t src = ipv6 ? 8 : 12, addr_len = (uint32_t)addr_lens[ipv6], dst = src + addr_len;
	uint32_t reg = NFT_REG32_00, step = addr_len / 4;
	struct expr e;

	expr_meta_is(b, NFT_META_NFPROTO, &family, sizeof(family));
	expr_meta_is(b, NFT_META_L4PROTO, &tcp, sizeof(tcp));
	expr_payload(b, reg, NFT_PAYLOAD_NETWORK_HEADER, in ? dst : src, addr_len);
	expr_payload(b, reg + step, NFT_PAYLOAD_TRANSPORT_HEADER, in ? 2 : 0, 2);
	expr_payload(b, reg + step + 1, NFT_PAYLOAD_NETWORK_HEADER, in ? src : dst, addr_len);
	expr_payload(b, reg + step * 2 + 1, NFT_PAYLOAD_TRANSPORT_HEADER, in ? 0 : 2, 2);
	e = expr_begin(b, "lookup");
	put_text(b, NFTA_LOOKUP_SET, set_names[ipv6]);
	put_u32(b, NFTA_LOOKUP_SREG, reg);
	put_u32(b, NFTA_LOOKUP_SET_ID, ipv6 + 1);
	expr_end(b, e);
	expr_verdict(b, NF_DROP);
	rule_end(b, rule);
}

/* ---- the table ---- */

static void table_add(struct batch *b, const char *name, bool owned)
{
	nft_msg(b, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL);
	put_text(b, NFTA_TABLE_NAME, name);
	if (owned)
		put_u32(b, NFTA_TABLE_FLAGS, TABLE_OWNER);
	msg_end(b);
}

int nft_open(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	return fd < 0 ? -errno : fd;
}

int nft_lock(int fd, const char *name, bool owned, const struct nft_conn *conns, size_t nr)
{
	static const char *const chains[] = { "output", "input" };
	struct batch b = { 0 };
	bool has[2] = { false, false };
	int ret;

	for (size_t i = 0; i < nr; i++)
		has[conns[i].ipv6] = true;
	batch_begin(&b);
	table_add(&b, name, owned);
	for (int v = 0; v < 2; v++) {
		if (has[v]) {
			set_add(&b, name, v);
			elems_add(&b, name, v, conns, nr);
		}
	}
	for (int in = 0; in < 2; in++) {
		chain_add(&b, name, chains[in], in ? NF_INET_LOCAL_IN : NF_INET_LOCAL_OUT,
			  in ? PRIORITY_IN : PRIORITY_OUT);
		rule_pass_marked(&b, name, chains[in]);
		for (int v = 0; v < 2; v++)
			if (has[v])
				rule_drop(&b, name, chains[in], v, in);
	}
	ret = batch_finish(fd, &b);
	free(b.buf);
	return ret;
}

int nft_unlock(int fd, const char *name)
{
	struct batch b = { 0 };
	int ret;

	batch_begin(&b);
	nft_msg(&b, NFT_MSG_DELTABLE, 0);
	put_text(&b, NFTA_TABLE_NAME, name);
	msg_end(&b);
	ret = batch_finish(fd, &b);
	free(b.buf);
	return ret;
}

int nft_exists(int fd, const char *name)
{
	struct batch b = { 0 };
	int ret;

	nft_msg(&b, NFT_MSG_GETTABLE, 0);
	put_text(&b, NFTA_TABLE_NAME, name);
	msg_end(&b);
	ret = batch_send(fd, &b, b.seq);
	free(b.buf);
	return ret == -ENOENT ? 0 : ret ? ret : 1;
}
