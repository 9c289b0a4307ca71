// SPDX-License-Identifier: GPL-2.0
/* Probes for sockets and the network, in network namespaces of the child's own. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/inet_diag.h>
#include <linux/net_namespace.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/veth.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kapi/probe.h"
#include "lib/cleanup.h"

#define GET_SOCKET_NETNS  0x894c	/* SIOCGSKNS */
#define GET_UNIX_FILE	  0x89e0	/* SIOCUNIXFILE */
#define IPV6_FREEBIND_OPT 78
#define LINK_INDEX	  11

struct request {
	struct nlmsghdr head;
	char body[1024];
};

static void *request_put(struct request *req, int type, const void *data, size_t len)
{
	struct rtattr *attr = (struct rtattr *)((char *)req + NLMSG_ALIGN(req->head.nlmsg_len));

	attr->rta_type = (unsigned short)type;
	attr->rta_len = (unsigned short)RTA_LENGTH(len);
	if (len)
		memcpy(RTA_DATA(attr), data, len);
	req->head.nlmsg_len = NLMSG_ALIGN(req->head.nlmsg_len) + RTA_ALIGN(attr->rta_len);
	return attr;
}

/* Everything put since @attr was belongs into it. */
static void request_nest(struct request *req, void *attr)
{
	((struct rtattr *)attr)->rta_len =
		(unsigned short)((char *)req + req->head.nlmsg_len - (char *)attr);
}

static void request_start(struct request *req, int type, int flags, const void *head, size_t len)
{
	memset(req, 0, sizeof(*req));
	req->head.nlmsg_type = (unsigned short)type;
	req->head.nlmsg_flags = (unsigned short)(NLM_F_REQUEST | flags);
	req->head.nlmsg_len = (unsigned int)NLMSG_LENGTH(len);
	memcpy(NLMSG_DATA(&req->head), head, len);
}

/* Send @req and read the first answer into it. 0 or the -errno that it carries. */
static int request_send(struct request *req, int protocol)
{
	auto_close int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	struct timeval limit = { .tv_sec = 2 };
	ssize_t len;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0 ||
	    send(fd, req, req->head.nlmsg_len, 0) < 0)
		return -errno;
	len = recv(fd, req, sizeof(*req), 0);
	if (len < 0)
		return -errno;
	if (!NLMSG_OK(&req->head, len))
		return -EPROTO;
	if (req->head.nlmsg_type == NLMSG_ERROR)
		return ((struct nlmsgerr *)NLMSG_DATA(&req->head))->error;
	return 0;
}

int probe_nsid(void)
{
	struct rtgenmsg gen = { .rtgen_family = AF_UNSPEC };
	unsigned int pid = (unsigned int)getpid();
	struct request req;

	request_start(&req, RTM_GETNSID, 0, &gen, sizeof(gen));
	request_put(&req, NETNSA_PID, &pid, sizeof(pid));
	return request_send(&req, NETLINK_ROUTE);
}

/* A veth pair; @peer_ns_fd: where the other end goes, or -1. */
static int veth_make(int index, int peer_ns_fd)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = index }, peer = { 0 };
	struct request req;
	void *link, *data, *end;

	request_start(&req, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, &info,
		      sizeof(info));
	link = request_put(&req, IFLA_LINKINFO, NULL, 0);
	request_put(&req, IFLA_INFO_KIND, "veth", 4);
	data = request_put(&req, IFLA_INFO_DATA, NULL, 0);
	end = request_put(&req, VETH_INFO_PEER, &peer, sizeof(peer));
	if (peer_ns_fd >= 0)
		request_put(&req, IFLA_NET_NS_FD, &peer_ns_fd, sizeof(peer_ns_fd));
	request_nest(&req, end);
	request_nest(&req, data);
	request_nest(&req, link);
	return request_send(&req, NETLINK_ROUTE);
}

int probe_newifindex(void)
{
	char name[IF_NAMESIZE];
	int ret;

	if (unshare(CLONE_NEWNET) < 0)
		return -errno;
	ret = veth_make(LINK_INDEX, -1);
	if (ret < 0)
		return ret;
	return if_indextoname(LINK_INDEX, name) ? 0 : -EOPNOTSUPP;
}

/* Needs more room than struct request: a link's description is long. */
static int link_has(int index, int type)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	auto_close int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	auto_free struct nlmsghdr *answer = malloc(32768);
	struct request req;
	ssize_t len;
	int left;

	request_start(&req, RTM_GETLINK, 0, &info, sizeof(info));
	if (fd < 0 || !answer || send(fd, &req, req.head.nlmsg_len, 0) < 0)
		return -errno;
	len = recv(fd, answer, 32768, 0);
	if (len < 0 || !NLMSG_OK(answer, len) || answer->nlmsg_type != RTM_NEWLINK)
		return -EPROTO;
	left = (int)IFLA_PAYLOAD(answer);
	for (struct rtattr *attr = IFLA_RTA(NLMSG_DATA(answer)); RTA_OK(attr, left);
	     attr = RTA_NEXT(attr, left))
		if (attr->rta_type == type)
			return 0;
	return -EOPNOTSUPP;
}

int probe_link_nsid(void)
{
	auto_close int peer_fd = -1;
	int ret;

	if (unshare(CLONE_NEWNET) < 0)
		return -errno;
	peer_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (peer_fd < 0 || unshare(CLONE_NEWNET) < 0)
		return -errno;
	ret = veth_make(LINK_INDEX, peer_fd);
	return ret < 0 ? ret : link_has(LINK_INDEX, IFLA_LINK_NETNSID);
}

int probe_net_diag_raw(void)
{
	struct inet_diag_req_v2 diag = {
		.sdiag_family = AF_INET, .sdiag_protocol = IPPROTO_RAW, .idiag_states = ~0u,
	};
	struct request req;

	request_start(&req, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &diag, sizeof(diag));
	return request_send(&req, NETLINK_SOCK_DIAG);
}

int probe_nftables(void)
{
	struct nfgenmsg gen = { .version = NFNETLINK_V0 };
	struct request req;

	request_start(&req, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN, 0, &gen, sizeof(gen));
	return request_send(&req, NETLINK_NETFILTER);
}

int probe_ipt_legacy(void)
{
	static const char *const paths[] = { "/usr/sbin/iptables-legacy", "/sbin/iptables-legacy",
					     "/usr/local/sbin/iptables-legacy" };

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (!access(paths[i], X_OK))
			return 0;
	return -ENOENT;
}

int probe_ipv6_freebind(void)
{
	auto_close int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0)
		return -errno;
	return setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND_OPT, &on, sizeof(on)) < 0 ? -errno : 0;
}

int probe_sk_ns(void)
{
	auto_close int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	auto_close int ns_fd = fd < 0 ? -1 : ioctl(fd, GET_SOCKET_NETNS);

	return ns_fd < 0 ? -errno : 0;
}

int probe_sk_unix_file(void)
{
	auto_close int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	/* It is bound to no file, which is looked at where the call is known. */
	return ioctl(fd, GET_UNIX_FILE) < 0 && errno != ENOENT ? -errno : 0;
}

int probe_sockopt_buf_lock(void)
{
	auto_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(int);
	int lock;

	if (fd < 0)
		return -errno;
	return getsockopt(fd, SOL_SOCKET, SO_BUF_LOCK, &lock, &len) < 0 ? -errno : 0;
}

static int loopback_up(void)
{
	auto_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };

	if (fd < 0)
		return -errno;
	return ioctl(fd, SIOCSIFFLAGS, &ifr) < 0 ? -errno : 0;
}

/* A connection of which one side has ended its stream can be put into repair mode. */
int probe_tcp_half_closed(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	auto_close int listen_fd = -1, fd = -1, peer_fd = -1;
	socklen_t len = sizeof(addr);
	int on = 1, ret;

	if (unshare(CLONE_NEWNET) < 0)
		return -errno;
	ret = loopback_up();
	if (ret < 0)
		return ret;
	listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listen_fd < 0 || fd < 0 || bind(listen_fd, (struct sockaddr *)&addr, len) < 0 ||
	    listen(listen_fd, 1) < 0 ||
	    getsockname(listen_fd, (struct sockaddr *)&addr, &len) < 0 ||
	    connect(fd, (struct sockaddr *)&addr, len) < 0)
		return -errno;
	peer_fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
	if (peer_fd < 0 || shutdown(fd, SHUT_WR) < 0)
		return -errno;
	return setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)) < 0 ? -errno : 0;
}
