// SPDX-License-Identifier: GPL-2.0
/*
 * Sockets of IPv4 and IPv6: addresses, options and owners; what a protocol has beyond
 * that is in tcp.c, udp.c and raw.c. Everything is asked of the description itself.
 * Protocols whose state the kernel does not give out are refused.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "net/inet.h"

#define SO_NETNS_COOKIE_NR 71		/* Linux 5.14 */

static const struct inet_proto *const protos[] = { &tcp_proto, &udp_proto, &raw_proto };

static const struct inet_proto *proto_find(int type, int proto)
{
	for (size_t i = 0; i < sizeof(protos) / sizeof(protos[0]); i++)
		if (protos[i]->is(type, proto))
			return protos[i];
	return NULL;
}

/* ---- addresses ---- */

socklen_t inet_addr_get(const InetSkEntry *e, bool peer, union inet_addr *ret)
{
	const uint32_t *words = peer ? e->dst_addr : e->src_addr;
	size_t nr = peer ? e->n_dst_addr : e->n_src_addr;
	uint16_t port = htons((uint16_t)(peer ? e->dst_port : e->src_port));

	memset(ret, 0, sizeof(*ret));
	if (e->family == AF_INET && nr >= 1) {
		ret->v4.sin_family = AF_INET;
		ret->v4.sin_port = port;
		ret->v4.sin_addr.s_addr = words[0];
		return sizeof(ret->v4);
	}
	if (e->family != AF_INET6 || nr < 4)
		return 0;
	ret->v6.sin6_family = AF_INET6;
	ret->v6.sin6_port = port;
	memcpy(&ret->v6.sin6_addr, words, 16);
	if (e->ifname && IN6_IS_ADDR_LINKLOCAL(&ret->v6.sin6_addr))
		ret->v6.sin6_scope_id = if_nametoindex(e->ifname);
	return sizeof(ret->v6);
}

/* The words, or those of the IPv4 address that an IPv6 one stands for. */
static bool addr_words(const InetSkEntry *e, bool peer, uint32_t *words)
{
	union inet_addr addr;
	bool v4;

	if (!inet_addr_get(e, peer, &addr))
		return false;
	v4 = e->family == AF_INET || IN6_IS_ADDR_V4MAPPED(&addr.v6.sin6_addr);
	if (e->family == AF_INET)
		words[0] = addr.v4.sin_addr.s_addr;
	else
		memcpy(words, (char *)&addr.v6.sin6_addr + (v4 ? 12 : 0), v4 ? 4 : 16);
	return v4;
}

int inet_tuple(const InetSkEntry *e, struct nft_conn *ret)
{
	union inet_addr addr;

	memset(ret, 0, sizeof(*ret));
	if (!inet_addr_get(e, false, &addr) || !inet_addr_get(e, true, &addr))
		return -EINVAL;
	ret->ipv6 = !addr_words(e, false, ret->local);
	if (addr_words(e, true, ret->peer) == ret->ipv6)
		return -EINVAL;
	ret->local_port = (uint16_t)e->src_port;
	ret->peer_port = (uint16_t)e->dst_port;
	return 0;
}

static void addr_put(const union inet_addr *addr, uint32_t *words, size_t *ret_nr,
		     uint32_t *ret_port)
{
	if (addr->any.sa_family == AF_INET) {
		words[0] = addr->v4.sin_addr.s_addr;
		*ret_nr = 1;
		*ret_port = ntohs(addr->v4.sin_port);
		return;
	}
	memcpy(words, &addr->v6.sin6_addr, 16);
	*ret_nr = 4;
	*ret_port = ntohs(addr->v6.sin6_port);
}

/* ---- dump ---- */

static bool inet_match(const struct fd_info *fd)
{
	return fd->family == AF_INET || fd->family == AF_INET6;
}

int net_dump_begin(struct dump *d)
{
	socklen_t len = sizeof(d->net->netns_cookie);
	auto_close int fd = -1;

	if (d->net)
		return 0;
	d->net = calloc(1, sizeof(*d->net));
	if (!d->net)
		return -ENOMEM;
	d->net->standby_fd = d->net->nft_fd = -1;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE_NR, &d->net->netns_cookie, &len))
		d->net->netns_cookie = 0;
	return 0;
}

int netns_is_here(int fd, unsigned long request)
{
	auto_close int ns_fd = ioctl(fd, request);
	auto_close int sock_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	auto_close int own_fd = ioctl(sock_fd, GET_SOCKET_NETNS);
	struct stat st, own;

	if (ns_fd < 0 || own_fd < 0 || fstat(ns_fd, &st) || fstat(own_fd, &own))
		return -errno;
	return st.st_ino == own.st_ino;
}

int netns_is_own(const struct dump *d, int sock_fd)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	if (!d->net->netns_cookie)
		return netns_is_here(sock_fd, GET_SOCKET_NETNS);
	return getsockopt(sock_fd, SOL_SOCKET, SO_NETNS_COOKIE_NR, &cookie, &len) ?
		-errno : cookie == d->net->netns_cookie;
}

static int names_dump(const struct fd_info *fd, struct inet_dump *sk)
{
	InetSkEntry *e = &sk->entry;
	union inet_addr addr;
	socklen_t len = sizeof(addr);

	if (getsockname(fd->local_fd, &addr.any, &len))
		return -errno;
	addr_put(&addr, sk->src, &e->n_src_addr, &e->src_port);
	if (fd->family == AF_INET6 && addr.v6.sin6_scope_id &&
	    if_indextoname(addr.v6.sin6_scope_id, sk->ifname))
		e->ifname = sk->ifname;
	len = sizeof(addr);
	sk->connected = !getpeername(fd->local_fd, &addr.any, &len);
	if (!sk->connected) {
		if (errno != ENOTCONN)
			return -errno;
		memset(&addr, 0, sizeof(addr));
		addr.any.sa_family = (sa_family_t)fd->family;
	}
	addr_put(&addr, sk->dst, &e->n_dst_addr, &e->dst_port);
	return 0;
}

static void sk_init(const struct dump *d, const struct fd_info *fd, struct dump_file *file,
		    struct inet_dump *sk)
{
	inet_sk_entry__init(&sk->entry);
	sk_opts_entry__init(&sk->opts);
	ip_opts_entry__init(&sk->ip);
	ip_opts_raw_entry__init(&sk->raw);
	tcp_opts_entry__init(&sk->tcp);
	sk->entry.id = file->entry.id;
	sk->entry.ino = (uint32_t)fd->st.st_ino;
	sk->entry.family = (uint32_t)fd->family;
	sk->entry.flags = fd->flags;
	sk->entry.state = INET_CLOSE;
	sk->entry.src_addr = sk->src;
	sk->entry.dst_addr = sk->dst;
	sk->entry.fown = &file->fown;
	sk->entry.opts = &sk->opts;
	sk->entry.ip_opts = &sk->ip;
	sk->entry.tcp_opts = &sk->tcp;
	sk->entry.has_ns_id = true;
	sk->entry.ns_id = dump_net_ns_id(d);
	file->entry.isk = &sk->entry;
}

/* 0 is what SO_NETNS_COOKIE and others count from: a socket of root needs no word. */
static int owner_dump(struct dump *d, const struct fd_info *fd, struct inet_dump *sk)
{
	int ret;

	if (!fd->st.st_uid)
		return 0;
	ret = socket_extra(d, sk->entry.id, &sk->extra);
	if (ret)
		return ret;
	sk->extra->has_uid = true;
	sk->extra->uid = fd->st.st_uid;
	return 0;
}

int socket_opts_dump(struct dump *d, const struct fd_info *fd, struct dump_file *file,
		     SkOptsEntry *opts, CrctlSocketEntry **extra)
{
	int ret = sockopt_dump(d, fd, file->entry.id, opts, extra);
	size_t filter_len = opts->n_so_filter * sizeof(*opts->so_filter);
	SkOptsEntry got = *opts;

	if (got.so_bound_dev)
		opts->so_bound_dev = file_alloc(file, strlen(got.so_bound_dev) + 1);
	if (got.so_filter)
		opts->so_filter = file_alloc(file, filter_len);
	if (!ret && ((got.so_bound_dev && !opts->so_bound_dev) ||
		     (got.so_filter && !opts->so_filter)))
		ret = -ENOMEM;
	if (!ret && got.so_bound_dev)
		strcpy(opts->so_bound_dev, got.so_bound_dev);
	if (!ret && got.so_filter)
		memcpy(opts->so_filter, got.so_filter, filter_len);
	sockopt_free(&got);
	return ret;
}

static int sk_dump(struct dump *d, const struct fd_info *fd, struct dump_file *file,
		   const struct inet_proto *proto, struct inet_dump *sk)
{
	int ret = netns_is_own(d, fd->local_fd);

	if (!ret)
		return dump_refuse(d, "pid %d fd %d: the socket belongs to another network "
				   "namespace than crctl, which is not supported yet",
				   fd->task->pid, fd->fd);
	ret = ret < 0 ? ret : names_dump(fd, sk);
	if (!ret)
		ret = owner_dump(d, fd, sk);
	if (ret)
		return fail_errno(d->ctx.err, ret, "pid %d fd %d: the socket cannot be looked at",
				  fd->task->pid, fd->fd);
	ret = proto->dump(d, fd, sk);
	if (!ret)
		ret = socket_opts_dump(d, fd, file, &sk->opts, &sk->extra);
	return ret ? ret : inet_opts_dump(d, fd, sk);
}

static const char *proto_name(int proto)
{
	static const struct { int proto; const char *name; } names[] = {
		{ 262, "an MPTCP" }, { 132, "an SCTP" }, { 33, "a DCCP" }, { 115, "an L2TP" },
		{ 256, "an SMC" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].proto == proto)
			return names[i].name;
	return NULL;
}

static int inet_refuse(struct dump *d, const struct fd_info *fd, int type, int proto)
{
	const char *name = proto_name(proto);

	if (name)
		return dump_refuse(d, "pid %d fd %d: it is %s socket, whose state the kernel does "
				   "not give out; close it before the dump", fd->task->pid, fd->fd,
				   name);
	return dump_refuse(d, "pid %d fd %d: a socket of type %d and protocol %d is not "
			   "supported; close it before the dump", fd->task->pid, fd->fd, type,
			   proto);
}

static int inet_dump(struct dump *d, const struct fd_info *fd, struct dump_file *file)
{
	const struct inet_proto *p;
	int type = 0, proto = 0, ret = net_dump_begin(d);
	socklen_t len = sizeof(int);
	struct inet_dump *sk;

	if (!ret && (getsockopt(fd->local_fd, SOL_SOCKET, SO_TYPE, &type, &len) ||
		     getsockopt(fd->local_fd, SOL_SOCKET, SO_PROTOCOL, &proto, &len)))
		ret = -errno;
	if (ret)
		return fail_errno(d->ctx.err, ret, "pid %d fd %d: the socket cannot be looked at",
				  fd->task->pid, fd->fd);
	p = proto_find(type, proto);
	if (!p)
		return inet_refuse(d, fd, type, proto);
	sk = file_alloc(file, sizeof(*sk));
	if (!sk)
		return -ENOMEM;
	sk_init(d, fd, file, sk);
	sk->entry.type = (uint32_t)type;
	sk->entry.proto = (uint32_t)proto;
	return sk_dump(d, fd, file, p, sk);
}

static int inet_write(struct dump *d)
{
	int ret = d->net ? tcp_streams_write(d) : 0;

	return ret || !d->net ? ret : socket_write_extras(d);
}

/* ---- restore ---- */

static int inet_check(struct restore *r, const struct restore_file *file)
{
	const InetSkEntry *e = file->entry->isk;
	const struct inet_proto *p;
	union inet_addr addr;

	if (!e)
		return fail(r->ctx.err, -EINVAL, "files.img: open file %u is no socket", file->id);
	p = proto_find((int)e->type, (int)e->proto);
	if (!p)
		return fail(r->ctx.err, -EOPNOTSUPP, "files.img: open file %u is a socket of type "
			    "%u and protocol %u, which is not supported", file->id, e->type,
			    e->proto);
	/* ICMP has a number where others have a port */
	if (!inet_addr_get(e, false, &addr) || !inet_addr_get(e, true, &addr) ||
	    e->src_port > 65535 || e->dst_port > 65535)
		return fail(r->ctx.err, -EINVAL, "files.img: open file %u: family %u with "
			    "addresses of %zu and %zu words, ports %u and %u", file->id, e->family,
			    e->n_src_addr, e->n_dst_addr, e->src_port, e->dst_port);
	return p->check(r, file);
}

static const char *addr_text(const InetSkEntry *e, bool peer, char *buf, size_t size)
{
	char text[INET6_ADDRSTRLEN] = "?";

	inet_ntop((int)e->family, peer ? e->dst_addr : e->src_addr, text, sizeof(text));
	snprintf(buf, size, e->family == AF_INET6 ? "[%s]:%u" : "%s:%u", text,
		 peer ? e->dst_port : e->src_port);
	return buf;
}

static bool addr_is_any(const union inet_addr *addr)
{
	return addr->any.sa_family == AF_INET ? !addr->v4.sin_addr.s_addr :
						IN6_IS_ADDR_UNSPECIFIED(&addr->v6.sin6_addr);
}

int inet_bind(struct restore *r, const struct restore_file *file, int fd)
{
	const InetSkEntry *e = file->entry->isk;
	union inet_addr addr;
	socklen_t len = inet_addr_get(e, false, &addr);
	char text[80];

	if (!e->src_port && addr_is_any(&addr))
		return 0;
	if (!bind(fd, &addr.any, len))
		return 0;
	addr_text(e, false, text, sizeof(text));
	if (errno == EADDRINUSE)
		return fail(r->ctx.err, -EADDRINUSE, "open file %u: the address %s is in use; end "
			    "the program that has it", file->id, text);
	if (errno == EADDRNOTAVAIL)
		return fail(r->ctx.err, -EADDRNOTAVAIL, "open file %u: this machine does not have "
			    "the address %s; add it to an interface", file->id, text);
	return fail_errno(r->ctx.err, -errno, "open file %u: binding the socket to %s", file->id,
			  text);
}

int inet_connect(struct restore *r, const struct restore_file *file, int fd)
{
	const InetSkEntry *e = file->entry->isk;
	union inet_addr addr;
	socklen_t len = inet_addr_get(e, true, &addr);
	char src[80], dst[80];

	if (!connect(fd, &addr.any, len))
		return 0;
	return fail_errno(r->ctx.err, -errno, "open file %u: the connection from %s to %s",
			  file->id, addr_text(e, false, src, sizeof(src)),
			  addr_text(e, true, dst, sizeof(dst)));
}

static int owner_restore(struct restore *r, const struct restore_file *file, int fd)
{
	const CrctlSocketEntry *extra = socket_extra_find(r, file->id);

	/* sockfs_setattr(): the owner counts for SO_REUSEPORT */
	if (extra && extra->has_uid && fchown(fd, extra->uid, (gid_t)-1))
		return fail_errno(r->ctx.err, -errno, "open file %u: giving the socket to user %u",
				  file->id, extra->uid);
	return 0;
}

static int inet_restore(struct restore *r, struct restore_file *file, int *ret_fd)
{
	const InetSkEntry *e = file->entry->isk;
	auto_close int fd = socket((int)e->family, (int)e->type | SOCK_CLOEXEC, (int)e->proto);
	int ret;

	if (fd < 0)
		return fail_errno(r->ctx.err, -errno, "open file %u: a socket of type %u and "
				  "protocol %u", file->id, e->type, e->proto);
	ret = owner_restore(r, file, fd);
	/* in this order: IP_TOS sets SO_PRIORITY too */
	if (!ret)
		ret = inet_opts_restore(r, file, fd, true);
	if (!ret)
		ret = sockopt_restore_first(r, file->id, fd, e->opts);
	if (!ret)
		ret = proto_find((int)e->type, (int)e->proto)->restore(r, file, fd);
	if (ret)
		return ret;
	ret = file_flags_restore(r, file, fd, e->flags & (O_NONBLOCK | O_ASYNC));
	if (!ret)
		*ret_fd = steal_fd(&fd);
	return ret;
}

const struct file_kind inet_kind = {
	.name = "internet socket",
	.type = FD_TYPES__INETSK,
	.match = inet_match,
	.dump = inet_dump,
	.write = inet_write,
	.check = inet_check,
	.restore = inet_restore,
};
