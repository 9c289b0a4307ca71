// SPDX-License-Identifier: GPL-2.0
/*
 * UDP and UDP-Lite: address, peer, options. Datagrams that wait to be read are lost,
 * as UDP may lose any; so is an error that ICMP told of. Data that is held back
 * (UDP_CORK, MSG_MORE) cannot be looked at and is refused: only its size is seen
 * (SIOCOUTQ, which also counts what is on its way out for a moment).
 */
#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "net/inet.h"

#define WAIT_MS 20	/* until the device has sent what it was given */

static bool udp_is(int type, int proto)
{
	return type == SOCK_DGRAM && (proto == IPPROTO_UDP || proto == IPPROTO_UDPLITE || !proto);
}

/* ---- dump ---- */

static int udp_pending(int fd, int *ret_bytes)
{
	int bytes = 0;

	for (int i = 0; i < WAIT_MS; i++) {
		if (ioctl(fd, SIOCOUTQ, &bytes))
			return -errno;
		if (!bytes)
			break;
		usleep(1000);
	}
	*ret_bytes = bytes;
	return 0;
}

static int udp_dump(struct dump *d, const struct fd_info *fd, struct inet_dump *sk)
{
	struct pollfd pfd = { .fd = fd->local_fd, .events = POLLRDHUP };
	int bytes = 0, waiting = 0, ret = udp_pending(fd->local_fd, &bytes);

	if (ret || ioctl(fd->local_fd, FIONREAD, &waiting) || poll(&pfd, 1, 0) < 0)
		return fail_errno(d->ctx.err, ret ? ret : -errno, "pid %d fd %d: the socket cannot "
				  "be looked at", fd->task->pid, fd->fd);
	if (bytes)
		return dump_refuse(d, "pid %d fd %d: the UDP socket holds data back (UDP_CORK or "
				   "MSG_MORE), which nobody can look at; try again in a moment",
				   fd->task->pid, fd->fd);
	if (waiting)
		log_info("pid %d fd %d: datagrams wait to be read and will be lost", fd->task->pid,
			 fd->fd);
	sk->entry.state = sk->connected ? INET_ESTABLISHED : INET_CLOSE;
	if (pfd.revents & POLLRDHUP) {
		sk->entry.has_shutdown = true;
		sk->entry.shutdown = pfd.revents & POLLHUP ? SK_SHUTDOWN__BOTH : SK_SHUTDOWN__READ;
	}
	return mcast_dump(d, fd, sk);
}

/* ---- restore ---- */

static int udp_check(struct restore *r, const struct restore_file *file)
{
	uint32_t state = file->entry->isk->state;

	if (state == INET_ESTABLISHED || state == INET_CLOSE)
		return 0;
	return fail(r->ctx.err, -EINVAL, "files.img: open file %u: a datagram socket of state %u",
		    file->id, state);
}

static int udp_restore(struct restore *r, struct restore_file *file, int fd)
{
	const InetSkEntry *e = file->entry->isk;
	int ret = inet_bind(r, file, fd);

	if (!ret && e->state == INET_ESTABLISHED)
		ret = inet_connect(r, file, fd);
	if (!ret)
		ret = mcast_restore(r, file, fd);
	if (!ret)
		ret = inet_opts_restore(r, file, fd, false);
	if (!ret)
		ret = sockopt_restore(r, file->id, fd, e->opts);
	if (!ret && e->has_shutdown && e->shutdown != SK_SHUTDOWN__NONE &&
	    shutdown(fd, (int)e->shutdown - 1) && errno != ENOTCONN)
		ret = fail_errno(r->ctx.err, -errno, "open file %u: shutting it down", file->id);
	return ret;
}

const struct inet_proto udp_proto = {
	.name = "UDP",
	.is = udp_is,
	.dump = udp_dump,
	.check = udp_check,
	.restore = udp_restore,
};
