// SPDX-License-Identifier: GPL-2.0
/*
 * Raw sockets, and ICMP sockets without privilege (ping). Their protocol or number is
 * what others have as a port. Packets that wait to be read are lost, as IP may lose any.
 * A program that routes multicast (MRT_INIT) has state in the kernel that no call gives
 * out; of that the socket tells nothing, so it is not noticed.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <unistd.h>

#include "net/inet.h"

#define SOL_RAW_NR	   255
#define ICMP_FILTER_NR	   1	/* of SOL_RAW, and ICMPV6_FILTER of SOL_ICMPV6 */

static bool raw_is(int type, int proto)
{
	return type == SOCK_RAW ||
	       (type == SOCK_DGRAM && (proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6));
}

/* ---- dump ---- */

static void filter_dump(const struct fd_info *fd, struct inet_dump *sk)
{
	int level = fd->family == AF_INET ? SOL_RAW_NR : IPPROTO_ICMPV6;
	socklen_t len = sizeof(sk->icmp_filter);
	bool set = false;

	if ((sk->entry.proto != IPPROTO_ICMP && sk->entry.proto != IPPROTO_ICMPV6) ||
	    getsockopt(fd->local_fd, level, ICMP_FILTER_NR, sk->icmp_filter, &len))
		return;
	for (size_t i = 0; i < len / 4; i++)
		set |= sk->icmp_filter[i] != 0;
	if (!set)
		return;
	sk->raw.icmpv_filter = sk->icmp_filter;
	sk->raw.n_icmpv_filter = len / 4;
}

static int raw_dump(struct dump *d, const struct fd_info *fd, struct inet_dump *sk)
{
	sk->entry.state = sk->connected ? INET_ESTABLISHED : INET_CLOSE;
	if (sk->entry.type != SOCK_RAW)
		return mcast_dump(d, fd, sk);
	sk->ip.raw = &sk->raw;
	filter_dump(fd, sk);
	/* the protocol stands where others have a port */
	sk->entry.src_port = 0;
	return mcast_dump(d, fd, sk);
}

/* ---- restore ---- */

static int raw_check(struct restore *r, const struct restore_file *file)
{
	const InetSkEntry *e = file->entry->isk;

	if (e->state != INET_ESTABLISHED && e->state != INET_CLOSE)
		return fail(r->ctx.err, -EINVAL, "files.img: open file %u: a raw socket of state "
			    "%u", file->id, e->state);
	if (e->ip_opts && e->ip_opts->raw && e->ip_opts->raw->n_icmpv_filter > 8)
		return fail(r->ctx.err, -EINVAL, "files.img: open file %u: an ICMP filter of %zu "
			    "words", file->id, e->ip_opts->raw->n_icmpv_filter);
	return 0;
}

static int filter_restore(struct restore *r, const struct restore_file *file, int fd)
{
	const InetSkEntry *e = file->entry->isk;
	const IpOptsRawEntry *raw = e->ip_opts ? e->ip_opts->raw : NULL;
	int level = e->family == AF_INET ? SOL_RAW_NR : IPPROTO_ICMPV6;

	if (!raw || !raw->n_icmpv_filter)
		return 0;
	if (setsockopt(fd, level, ICMP_FILTER_NR, raw->icmpv_filter,
		       (socklen_t)raw->n_icmpv_filter * 4))
		return fail_errno(r->ctx.err, -errno, "open file %u: the ICMP filter", file->id);
	return 0;
}

static int raw_restore(struct restore *r, struct restore_file *file, int fd)
{
	const InetSkEntry *e = file->entry->isk;
	int ret = filter_restore(r, file, fd);

	if (!ret)
		ret = inet_bind(r, file, fd);
	if (!ret && e->state == INET_ESTABLISHED)
		ret = inet_connect(r, file, fd);
	if (!ret)
		ret = mcast_restore(r, file, fd);
	if (!ret)
		ret = inet_opts_restore(r, file, fd, false);
	return ret ? ret : sockopt_restore(r, file->id, fd, e->opts);
}

const struct inet_proto raw_proto = {
	.name = "raw IP",
	.is = raw_is,
	.dump = raw_dump,
	.check = raw_check,
	.restore = raw_restore,
};
