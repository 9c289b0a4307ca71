// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink dumps. Written on the plain socket: a static crctl cannot use libmnl, of
 * which Debian 12 has no static library.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/packet_diag.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "kapi/netlink.h"
#include "lib/cleanup.h"

#define ANSWER_LEN (256 * 1024) /* the kernel fills what the reader has room for, up to 32 KiB */

static int request_send(int fd, uint16_t type, const void *body, size_t body_len)
{
	struct nlmsghdr head = {
		.nlmsg_len = (uint32_t)(NLMSG_HDRLEN + body_len),
		.nlmsg_type = type,
		.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
	};
	struct iovec iov[2] = { { &head, NLMSG_HDRLEN }, { (void *)body, body_len } };
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct msghdr msg = {
		.msg_name = &kernel, .msg_namelen = sizeof(kernel), .msg_iov = iov, .msg_iovlen = 2
	};

	return sendmsg(fd, &msg, 0) < 0 ? -errno : 0;
}

/* One datagram of answers. 1: more to come, 0: the end. */
static int answers_read(const char *buf, size_t len,
			int (*each)(void *arg, const void *msg, size_t len), void *arg)
{
	const struct nlmsghdr *h = (const void *)buf;

	for (; NLMSG_OK(h, len); h = NLMSG_NEXT(h, len)) {
		int ret;

		if (h->nlmsg_flags & NLM_F_DUMP_INTR)
			return -EAGAIN;
		if (h->nlmsg_type == NLMSG_DONE) {
			ret = h->nlmsg_len >= NLMSG_LENGTH(sizeof(int)) ? *(int *)NLMSG_DATA(h) : 0;
			return ret < 0 ? ret : 0;
		}
		if (h->nlmsg_type == NLMSG_ERROR)
			return ((struct nlmsgerr *)NLMSG_DATA(h))->error;
		ret = each(arg, h, h->nlmsg_len);
		if (ret)
			return ret;
	}
	return 1;
}

int netlink_dump_whole(int protocol, uint16_t type, const void *body, size_t body_len,
		       int (*each)(void *arg, const void *msg, size_t len), void *arg)
{
	auto_close int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	auto_free char *buf = malloc(ANSWER_LEN);
	int ret;

	if (fd < 0 || !buf)
		return fd < 0 ? -errno : -ENOMEM;
	ret = request_send(fd, type, body, body_len);
	if (ret)
		return ret;
	do {
		ssize_t len = recv(fd, buf, ANSWER_LEN, 0);

		if (len <= 0)
			return len ? -errno : -EPROTO;
		ret = answers_read(buf, (size_t)len, each, arg);
	} while (ret == 1);
	return ret;
}

struct bodies {
	int (*each)(void *arg, const void *body, size_t len);
	void *arg;
};

static int body_each(void *arg, const void *msg, size_t len)
{
	const struct bodies *b = arg;

	return b->each(b->arg, NLMSG_DATA(msg), len - NLMSG_HDRLEN);
}

int netlink_dump(int protocol, uint16_t type, const void *body, size_t body_len,
		 int (*each)(void *arg, const void *body, size_t len), void *arg)
{
	struct bodies bodies = { each, arg };

	return netlink_dump_whole(protocol, type, body, body_len, body_each, &bodies);
}

void netlink_attrs(const void *body, size_t len, size_t head_len, struct netlink_attr *attrs,
		   size_t nr)
{
	const char *at = (const char *)body + NLMSG_ALIGN(head_len);
	const char *end = (const char *)body + len;

	memset(attrs, 0, nr * sizeof(*attrs));
	while (end - at >= (ptrdiff_t)sizeof(struct nlattr)) {
		const struct nlattr *a = (const void *)at;
		unsigned int type = a->nla_type & NLA_TYPE_MASK;

		if (a->nla_len < NLA_HDRLEN || a->nla_len > end - at)
			return;
		if (type < nr) {
			attrs[type].data = at + NLA_HDRLEN;
			attrs[type].len = (size_t)a->nla_len - NLA_HDRLEN;
		}
		if (NLA_ALIGN(a->nla_len) >= end - at)
			return;
		at += NLA_ALIGN(a->nla_len);
	}
}

uint32_t netlink_attr_u32(const struct netlink_attr *attr, uint32_t otherwise)
{
	return attr->data && attr->len >= 4 ? *(const uint32_t *)attr->data : otherwise;
}

/* ---- Unix sockets ---- */

struct unix_list {
	int (*each)(void *arg, const struct diag_unix *sk);
	void *arg;
};

static int unix_each(void *arg, const void *body, size_t len)
{
	struct netlink_attr a[UNIX_DIAG_MAX + 1];
	const struct unix_diag_msg *m = body;
	struct unix_list *list = arg;
	struct diag_unix sk = { 0 };

	if (len < sizeof(*m))
		return -EPROTO;
	netlink_attrs(body, len, sizeof(*m), a, UNIX_DIAG_MAX + 1);
	sk.ino = m->udiag_ino;
	sk.type = m->udiag_type;
	sk.state = m->udiag_state;
	sk.has_peer = a[UNIX_DIAG_PEER].data != NULL;
	sk.peer = netlink_attr_u32(&a[UNIX_DIAG_PEER], 0);
	sk.name = a[UNIX_DIAG_NAME].data;
	sk.name_len = a[UNIX_DIAG_NAME].len;
	if (a[UNIX_DIAG_VFS].len >= sizeof(struct unix_diag_vfs)) {
		sk.file_ino = ((const struct unix_diag_vfs *)a[UNIX_DIAG_VFS].data)->udiag_vfs_ino;
		sk.file_dev = ((const struct unix_diag_vfs *)a[UNIX_DIAG_VFS].data)->udiag_vfs_dev;
	}
	sk.waiting = a[UNIX_DIAG_ICONS].data;
	sk.nr_waiting = a[UNIX_DIAG_ICONS].len / 4;
	if (a[UNIX_DIAG_RQLEN].len >= sizeof(struct unix_diag_rqlen)) {
		const struct unix_diag_rqlen *q = a[UNIX_DIAG_RQLEN].data;

		sk.queue_len = q->udiag_rqueue;
		sk.backlog = q->udiag_wqueue;
	}
	if (a[UNIX_DIAG_MEMINFO].len > SK_MEMINFO_SNDBUF * 4) {
		sk.sndbuf = ((const uint32_t *)a[UNIX_DIAG_MEMINFO].data)[SK_MEMINFO_SNDBUF];
		sk.rcvbuf = ((const uint32_t *)a[UNIX_DIAG_MEMINFO].data)[SK_MEMINFO_RCVBUF];
	}
	if (a[UNIX_DIAG_SHUTDOWN].len)
		sk.shutdown = *(const uint8_t *)a[UNIX_DIAG_SHUTDOWN].data;
	return list->each(list->arg, &sk);
}

int diag_unix_list(int (*each)(void *arg, const struct diag_unix *sk), void *arg)
{
	struct unix_diag_req req = {
		.sdiag_family = AF_UNIX,
		.udiag_states = ~0u,
		.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_VFS | UDIAG_SHOW_PEER |
			      UDIAG_SHOW_ICONS | UDIAG_SHOW_RQLEN | UDIAG_SHOW_MEMINFO,
	};
	struct unix_list list = { each, arg };

	return netlink_dump(NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, &req, sizeof(req), unix_each,
			    &list);
}

/* ---- internet sockets ---- */

struct inet_search {
	uint32_t ino;
	bool found;
	struct diag_inet *sk;
};

static int inet_each(void *arg, const void *body, size_t len)
{
	struct netlink_attr a[INET_DIAG_SHUTDOWN + 1];
	struct inet_search *search = arg;
	const struct inet_diag_msg *m = body;
	struct diag_inet *sk = search->sk;

	if (len < sizeof(*m))
		return -EPROTO;
	if (m->idiag_inode != search->ino)
		return 0;
	netlink_attrs(body, len, sizeof(*m), a, INET_DIAG_SHUTDOWN + 1);
	search->found = true;
	memset(sk, 0, sizeof(*sk));
	sk->ino = m->idiag_inode;
	sk->state = m->idiag_state;
	if (a[INET_DIAG_SHUTDOWN].len)
		sk->shutdown = *(const uint8_t *)a[INET_DIAG_SHUTDOWN].data;
	sk->src_port = ntohs(m->id.idiag_sport);
	sk->dst_port = ntohs(m->id.idiag_dport);
	memcpy(sk->src, m->id.idiag_src, sizeof(sk->src));
	memcpy(sk->dst, m->id.idiag_dst, sizeof(sk->dst));
	return 0;
}

int diag_inet_find(uint8_t family, uint8_t protocol, uint32_t states, uint32_t ino,
		   struct diag_inet *ret_sk)
{
	struct inet_diag_req_v2 req = {
		.sdiag_family = family, .sdiag_protocol = protocol, .idiag_states = states,
	};
	struct inet_search search = { .ino = ino, .sk = ret_sk };
	int ret = netlink_dump(NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, &req, sizeof(req), inet_each,
			       &search);

	return ret ? ret : search.found ? 0 : -ENOENT;
}

/* ---- packet sockets ---- */

struct packet_list {
	int (*each)(void *arg, const struct diag_packet *sk);
	void *arg;
};

_Static_assert(sizeof(struct diag_packet_group) == sizeof(struct packet_diag_mclist),
	       "one is read as the other");
_Static_assert(sizeof(struct diag_packet_ring) == sizeof(struct packet_diag_ring),
	       "one is read as the other");

static int packet_each(void *arg, const void *body, size_t len)
{
	struct netlink_attr a[PACKET_DIAG_MAX + 1];
	struct packet_list *list = arg;
	struct diag_packet sk = { 0 };
	const struct packet_diag_msg *m = body;
	const struct packet_diag_info *info;

	if (len < sizeof(*m))
		return -EPROTO;
	netlink_attrs(body, len, sizeof(*m), a, PACKET_DIAG_MAX + 1);
	info = a[PACKET_DIAG_INFO].data;
	if (a[PACKET_DIAG_INFO].len < sizeof(*info))
		return -EPROTO;
	sk.ino = m->pdiag_ino;
	sk.version = info->pdi_version;
	sk.reserve = info->pdi_reserve;
	sk.copy_threshold = info->pdi_copy_thresh;
	sk.timestamp = info->pdi_tstamp;
	sk.groups = a[PACKET_DIAG_MCLIST].data;
	sk.nr_groups = a[PACKET_DIAG_MCLIST].len / sizeof(*sk.groups);
	sk.has_fanout = a[PACKET_DIAG_FANOUT].data != NULL;
	if (a[PACKET_DIAG_RX_RING].len >= sizeof(sk.rx))
		memcpy(&sk.rx, a[PACKET_DIAG_RX_RING].data, sizeof(sk.rx));
	if (a[PACKET_DIAG_TX_RING].len >= sizeof(sk.tx))
		memcpy(&sk.tx, a[PACKET_DIAG_TX_RING].data, sizeof(sk.tx));
	return list->each(list->arg, &sk);
}

int diag_packet_list(int (*each)(void *arg, const struct diag_packet *sk), void *arg)
{
	struct packet_diag_req req = {
		.sdiag_family = AF_PACKET,
		.pdiag_show = PACKET_SHOW_INFO | PACKET_SHOW_MCLIST | PACKET_SHOW_RING_CFG |
			       PACKET_SHOW_FANOUT,
	};
	struct packet_list list = { each, arg };

	return netlink_dump(NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, &req, sizeof(req), packet_each,
			    &list);
}
