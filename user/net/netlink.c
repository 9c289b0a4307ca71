// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink sockets: protocol, port id, groups, peer and options, all asked of the
 * description itself. Messages that wait cannot be put back, for the kernel alone can
 * send them; nor can an error that was not fetched (ENOBUFS): both are refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "image/sk_netlink.pb-c.h"
#include "lib/cleanup.h"
#include "net/inet.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif
#define STATE_CLOSE 7	/* as the format has it, connected or not */
#define MAX_WORDS   64	/* of groups: 2048 */

/* Each is a number, 0 on a new socket. */
static const int options[] = {
	NETLINK_PKTINFO, NETLINK_BROADCAST_ERROR, NETLINK_NO_ENOBUFS, NETLINK_LISTEN_ALL_NSID,
	NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK,
};

#define NR_OPTIONS (sizeof(options) / sizeof(options[0]))

struct netlink_dump {
	NetlinkSkEntry entry;
	SkOptsEntry opts;
	uint32_t groups[MAX_WORDS];
	CrctlSocketEntry *extra;
};

static bool netlink_match(const struct fd_info *fd)
{
	return fd->family == AF_NETLINK;
}

/* ---- dump ---- */

static int options_dump(struct dump *d, const struct fd_info *fd, struct netlink_dump *sk)
{
	int type = 0, ret = 0;
	socklen_t len = sizeof(type);

	if (getsockopt(fd->local_fd, SOL_SOCKET, SO_TYPE, &type, &len))
		return -errno;
	/* the format does not say: a raw one */
	if (type != SOCK_RAW) {
		ret = socket_extra(d, sk->entry.id, &sk->extra);
		if (!ret)
			ret = socket_extra_opt(sk->extra, SOL_SOCKET, SO_TYPE, &type, sizeof(type));
	}
	for (size_t i = 0; i < NR_OPTIONS && !ret; i++) {
		int value = 0;

		len = sizeof(value);
		if (getsockopt(fd->local_fd, SOL_NETLINK, options[i], &value, &len) || !value)
			continue;
		ret = socket_extra(d, sk->entry.id, &sk->extra);
		if (!ret)
			ret = socket_extra_opt(sk->extra, SOL_NETLINK, options[i], &value,
					       sizeof(value));
	}
	return ret;
}

static int names_dump(const struct fd_info *fd, struct netlink_dump *sk)
{
	struct sockaddr_nl name, peer;
	socklen_t name_len = sizeof(name), peer_len = sizeof(peer), len = sizeof(sk->groups);
	size_t nr;

	if (getsockname(fd->local_fd, (struct sockaddr *)&name, &name_len) ||
	    getpeername(fd->local_fd, (struct sockaddr *)&peer, &peer_len))
		return -errno;
	sk->entry.portid = name.nl_pid;
	sk->entry.dst_portid = peer.nl_pid;
	sk->entry.dst_group = peer.nl_groups;
	sk->groups[0] = name.nl_groups;
	/* the length that is needed comes back, in bytes */
	if (getsockopt(fd->local_fd, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, sk->groups, &len))
		return errno == ENOPROTOOPT ? 0 : -errno;
	if (len > sizeof(sk->groups))
		return -E2BIG;
	for (nr = len / 4; nr && !sk->groups[nr - 1];)
		nr--;
	sk->entry.groups = sk->groups;
	sk->entry.n_groups = nr;
	return 0;
}

static int netlink_dump_fd(struct dump *d, const struct fd_info *fd, struct dump_file *file)
{
	struct netlink_dump *sk = file_alloc(file, sizeof(*sk));
	struct pollfd waits = { .fd = fd->local_fd, .events = POLLIN };
	socklen_t len = sizeof(int);
	int ret = sk ? net_dump_begin(d) : -ENOMEM, protocol = 0;

	if (ret)
		return ret;
	ret = netns_is_own(d, fd->local_fd);
	if (!ret)
		return dump_refuse(d, "pid %d fd %d: the socket belongs to another network "
				   "namespace than crctl, which is not supported yet",
				   fd->task->pid, fd->fd);
	netlink_sk_entry__init(&sk->entry);
	sk_opts_entry__init(&sk->opts);
	if (poll(&waits, 1, 0) > 0 && waits.revents & (POLLIN | POLLERR))
		return dump_refuse(d,
				   "pid %d fd %d: %s in the netlink socket, which only the kernel "
				   "could put back; have the program read it first",
				   fd->task->pid, fd->fd,
				   waits.revents & POLLIN ? "messages wait"
							  : "an error that was not fetched waits");
	if (ret > 0)
		ret = getsockopt(fd->local_fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) ? -errno
											 : 0;
	if (!ret)
		ret = names_dump(fd, sk);
	sk->entry.id = file->entry.id;
	if (!ret)
		ret = options_dump(d, fd, sk);
	if (ret)
		return fail_errno(d->ctx.err, ret, "pid %d fd %d: the netlink socket",
				  fd->task->pid, fd->fd);
	sk->entry.ino = (uint32_t)fd->st.st_ino;
	sk->entry.protocol = (uint32_t)protocol;
	sk->entry.state = STATE_CLOSE;
	sk->entry.flags = fd->flags;
	sk->entry.fown = &file->fown;
	sk->entry.opts = &sk->opts;
	sk->entry.has_ns_id = true;
	sk->entry.ns_id = dump_net_ns_id(d);
	file->entry.nlsk = &sk->entry;
	return socket_opts_dump(d, fd, file, &sk->opts, &sk->extra);
}

/* ---- restore ---- */

static int netlink_check(struct restore *r, const struct restore_file *file)
{
	const NetlinkSkEntry *e = file->entry->nlsk;

	if (!e || e->protocol >= 64 || e->n_groups > MAX_WORDS)
		return fail(r->ctx.err, -EINVAL,
			    "files.img: open file %u is no netlink socket that "
			    "can be",
			    file->id);
	return 0;
}

static int netlink_type(const CrctlSocketEntry *extra)
{
	int type = SOCK_RAW;

	for (size_t i = 0; extra && i < extra->n_opts; i++) {
		const CrctlSockopt *o = extra->opts[i];

		if (o->level == SOL_SOCKET && o->name == SO_TYPE && o->value.len == sizeof(type))
			memcpy(&type, o->value.data, sizeof(type));
	}
	return type == SOCK_DGRAM ? type : SOCK_RAW;
}

static int options_restore(const CrctlSocketEntry *extra, int fd)
{
	for (size_t i = 0; extra && i < extra->n_opts; i++) {
		const CrctlSockopt *o = extra->opts[i];

		for (size_t j = 0; o->level == SOL_NETLINK && j < NR_OPTIONS; j++)
			if (o->name == (uint32_t)options[j] &&
			    setsockopt(fd, SOL_NETLINK, options[j], o->value.data,
				       (socklen_t)o->value.len))
				return -errno;
	}
	return 0;
}

/* The first 32 come with bind(2) too, but only where the protocol has so many. */
static int groups_restore(const NetlinkSkEntry *e, int fd)
{
	for (size_t i = 0; i < e->n_groups * 32; i++) {
		int group = (int)i + 1;

		if (e->groups[i / 32] >> i % 32 & 1 &&
		    setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)))
			return -errno;
	}
	return 0;
}

static int names_restore(struct restore *r, const struct restore_file *file, int fd)
{
	const NetlinkSkEntry *e = file->entry->nlsk;
	struct sockaddr_nl name = { .nl_family = AF_NETLINK, .nl_pid = e->portid };
	struct sockaddr_nl peer = { .nl_family = AF_NETLINK, .nl_pid = e->dst_portid,
				    .nl_groups = e->dst_group };

	if (e->portid && bind(fd, (struct sockaddr *)&name, sizeof(name)))
		return fail_errno(r->ctx.err, -errno, "open file %u: the port id %u of its netlink "
				  "socket", file->id, e->portid);
	if ((e->dst_portid || e->dst_group) && connect(fd, (struct sockaddr *)&peer, sizeof(peer)))
		return fail_errno(r->ctx.err, -errno, "open file %u: the peer %u of its netlink "
				  "socket", file->id, e->dst_portid);
	return 0;
}

static int netlink_restore(struct restore *r, struct restore_file *file, int *ret_fd)
{
	const NetlinkSkEntry *e = file->entry->nlsk;
	const CrctlSocketEntry *extra = socket_extra_find(r, file->id);
	auto_close int fd = socket(AF_NETLINK, netlink_type(extra) | SOCK_CLOEXEC,
				   (int)e->protocol);
	int ret;

	if (fd < 0)
		return fail_errno(r->ctx.err, -errno,
				  "open file %u: a netlink socket of protocol %u "
				  "(is its module loaded?)",
				  file->id, e->protocol);
	ret = sockopt_restore_first(r, file->id, fd, e->opts);
	if (!ret)
		ret = names_restore(r, file, fd);
	if (ret)
		return ret;
	ret = groups_restore(e, fd);
	if (!ret)
		ret = options_restore(extra, fd);
	if (ret)
		return fail_errno(r->ctx.err, ret,
				  "open file %u: groups and options of its netlink "
				  "socket",
				  file->id);
	ret = sockopt_restore(r, file->id, fd, e->opts);
	if (ret)
		return ret;
	ret = file_flags_restore(r, file, fd, e->flags & (O_NONBLOCK | O_ASYNC));
	if (!ret)
		*ret_fd = steal_fd(&fd);
	return ret;
}

const struct file_kind netlink_kind = {
	.name = "netlink socket",
	.type = FD_TYPES__NETLINKSK,
	.match = netlink_match,
	.dump = netlink_dump_fd,
	.check = netlink_check,
	.restore = netlink_restore,
};
