// SPDX-License-Identifier: GPL-2.0
/*
 * TCP sockets: idle, listening, connecting and connected. Connections that nobody has
 * accepted yet cannot be put into a listener's queue again, and a handshake cannot be
 * gone on with: both are refused, or, with --skip-in-flight, reset and begun anew.
 * An error that the program has not fetched yet cannot be looked at without taking it
 * (tcp_poll() only tells that there is one), nor can urgent data be put back.
 */
#include <errno.h>
#include <linux/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "image/inventory.pb-c.h"
#include "kapi/netlink.h"
#include "net/inet.h"

static bool tcp_is(int type, int proto)
{
	return type == SOCK_STREAM && (proto == IPPROTO_TCP || !proto);
}

static bool state_is_connected(uint32_t state)
{
	return state == INET_ESTABLISHED || state == INET_CLOSE_WAIT ||
	       state == INET_FIN_WAIT1 || state == INET_FIN_WAIT2 || state == INET_LAST_ACK ||
	       state == INET_CLOSING;
}

/* ---- dump ---- */

static int tcp_poll(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP };

	return poll(&pfd, 1, 0) < 0 ? -errno : pfd.revents;
}

static void shutdown_dump(struct inet_dump *sk, int revents)
{
	bool reads = !(revents & POLLRDHUP), writes = true;

	if (sk->entry.state == INET_CLOSE)
		writes = reads;
	else if (sk->entry.state != INET_ESTABLISHED && sk->entry.state != INET_CLOSE_WAIT)
		writes = false;
	if (reads && writes)
		return;
	sk->entry.has_shutdown = true;
	sk->entry.shutdown = reads ? SK_SHUTDOWN__WRITE :
			     writes ? SK_SHUTDOWN__READ : SK_SHUTDOWN__BOTH;
}

/*
 * What is left of a connection shares its port with the rest of it, TIME_WAIT; others
 * than crctl would try to bind it anew.
 */
static int dead_dump(struct dump *d, struct inet_dump *sk)
{
	int ret = socket_extra(d, sk->entry.id, &sk->extra);
	union inet_addr addr;
	socklen_t len = inet_addr_get(&sk->entry, false, &addr);

	if (ret)
		return ret;
	sk->extra->name.data = malloc(len);
	if (!sk->extra->name.data)
		return -ENOMEM;
	memcpy(sk->extra->name.data, &addr, len);
	sk->extra->name.len = len;
	sk->extra->has_name = true;
	sk->entry.src_port = 0;
	memset(sk->src, 0, sizeof(sk->src));
	return 0;
}

static int idle_dump(struct dump *d, const struct fd_info *fd, struct inet_dump *sk, int revents)
{
	int nr_bytes = 0;

	if (revents & POLLERR)
		return dump_refuse(d, "pid %d fd %d: the connection has failed, and the program "
				   "has not fetched the error yet; try again in a moment",
				   fd->task->pid, fd->fd);
	if (revents & POLLRDHUP && !ioctl(fd->local_fd, FIONREAD, &nr_bytes) && nr_bytes)
		return dump_refuse(d, "pid %d fd %d: the connection has ended on both sides and "
				   "%d bytes are not read yet; try again in a moment",
				   fd->task->pid, fd->fd, nr_bytes);
	shutdown_dump(sk, revents);
	return revents & POLLRDHUP ? dead_dump(d, sk) : 0;
}

static int listen_dump(struct dump *d, const struct fd_info *fd, struct inet_dump *sk,
		       const struct tcp_info *info)
{
	/* tcp_get_info(): of a listener these two tell of the queue */
	sk->entry.backlog = info->tcpi_sacked;
	if (!info->tcpi_unacked)
		return 0;
	if (!d->ctx.skip_in_flight)
		return dump_refuse(d, "pid %d fd %d: %u connections to port %u are not accepted "
				   "yet; try again in a moment, or let --skip-in-flight reset them",
				   fd->task->pid, fd->fd, info->tcpi_unacked, sk->entry.src_port);
	log_warn("pid %d fd %d: %u connections to port %u are not accepted yet and will be reset, "
		 "continuing", fd->task->pid, fd->fd, info->tcpi_unacked, sk->entry.src_port);
	return 0;
}

/* getpeername(2) does not tell yet whom a socket connects to. */
static int connecting_dump(struct dump *d, const struct fd_info *fd, struct inet_dump *sk)
{
	struct diag_inet found;
	int ret;

	if (!d->ctx.skip_in_flight)
		return dump_refuse(d, "pid %d fd %d: the connection is not made yet; try again in "
				   "a moment, or let --skip-in-flight begin it anew on restore",
				   fd->task->pid, fd->fd);
	ret = diag_inet_find((uint8_t)fd->family, IPPROTO_TCP, 1u << INET_SYN_SENT,
			     sk->entry.ino, &found);
	if (ret)
		return fail_errno(d->ctx.err, ret, "pid %d fd %d: whom it connects to",
				  fd->task->pid, fd->fd);
	memcpy(sk->dst, found.dst, sizeof(sk->dst));
	sk->entry.n_dst_addr = fd->family == AF_INET ? 1 : 4;
	sk->entry.dst_port = found.dst_port;
	return 0;
}

static int connected_dump(struct dump *d, const struct fd_info *fd, struct inet_dump *sk,
			  int revents)
{
	char byte;

	shutdown_dump(sk, revents);
	if (d->ctx.tcp_close)
		return 0;
	if (!d->ctx.tcp_established)
		return dump_refuse(d, "pid %d fd %d: it is a TCP connection of port %u with port "
				   "%u; give --tcp-established to keep it, or --tcp-close to end "
				   "it", fd->task->pid, fd->fd, sk->entry.src_port,
				   sk->entry.dst_port);
	if (recv(fd->local_fd, &byte, 1, MSG_OOB | MSG_PEEK | MSG_DONTWAIT) == 1)
		return dump_refuse(d, "pid %d fd %d: urgent data (MSG_OOB) is not read yet, which "
				   "cannot be put back; try again in a moment", fd->task->pid,
				   fd->fd);
	return d->ctx.check_only ? 0 : tcp_conn_add(d, fd, sk);
}

static int tcp_dump(struct dump *d, const struct fd_info *fd, struct inet_dump *sk)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);
	int revents = tcp_poll(fd->local_fd);

	if (revents < 0 || getsockopt(fd->local_fd, IPPROTO_TCP, TCP_INFO, &info, &len))
		return fail_errno(d->ctx.err, revents < 0 ? revents : -errno,
				  "pid %d fd %d: the socket cannot be looked at", fd->task->pid,
				  fd->fd);
	sk->entry.state = info.tcpi_state;
	if (state_is_connected(info.tcpi_state))
		return connected_dump(d, fd, sk, revents);
	switch (info.tcpi_state) {
	case INET_CLOSE:
		return idle_dump(d, fd, sk, revents);
	case INET_LISTEN:
		return listen_dump(d, fd, sk, &info);
	case INET_SYN_SENT:
		return connecting_dump(d, fd, sk);
	default:
		return dump_refuse(d, "pid %d fd %d: the handshake of the connection is not over "
				   "yet (state %u); try again in a moment", fd->task->pid, fd->fd,
				   info.tcpi_state);
	}
}

/* ---- restore ---- */

static bool restore_closes(const struct restore *r)
{
	return r->ctx.tcp_close || (r->inventory->has_tcp_close && r->inventory->tcp_close);
}

static int tcp_check(struct restore *r, const struct restore_file *file)
{
	const InetSkEntry *e = file->entry->isk;

	if (state_is_connected(e->state)) {
		if (restore_closes(r))
			return 0;
		if (!r->ctx.tcp_established)
			return fail(r->ctx.err, -EOPNOTSUPP, "the images hold a TCP connection of "
				    "port %u with port %u; give --tcp-established to restore it, "
				    "or --tcp-close to end it", e->src_port, e->dst_port);
		return tcp_stream_read(r, file);
	}
	if (e->state != INET_CLOSE && e->state != INET_LISTEN && e->state != INET_SYN_SENT)
		return fail(r->ctx.err, -EINVAL, "files.img: open file %u: a TCP socket of state "
			    "%u", file->id, e->state);
	return 0;
}

static int late_options(struct restore *r, const struct restore_file *file, int fd)
{
	int ret = inet_opts_restore(r, file, fd, false);

	return ret ? ret : sockopt_restore(r, file->id, fd, file->entry->isk->opts);
}

/*
 * A listener and the connections that it accepted have one port. The connections may
 * be there already, so SO_REUSEADDR is on meanwhile.
 */
static int tcp_bind(struct restore *r, const struct restore_file *file, int fd)
{
	int on = 1;

	if (!file->entry->isk->opts->reuseaddr &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)))
		return fail_errno(r->ctx.err, -errno, "open file %u: SO_REUSEADDR", file->id);
	return inet_bind(r, file, fd);
}

static int tcp_bound(struct restore *r, const struct restore_file *file, int fd)
{
	int reuse = file->entry->isk->opts->reuseaddr;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof(reuse)))
		return fail_errno(r->ctx.err, -errno, "open file %u: SO_REUSEADDR", file->id);
	return 0;
}

static int shut(struct restore *r, const struct restore_file *file, int fd, int how)
{
	/* tells ENOTCONN of an idle one, and does it all the same (inet_shutdown) */
	if (shutdown(fd, how) && errno != ENOTCONN)
		return fail_errno(r->ctx.err, -errno, "open file %u: shutting it down", file->id);
	return 0;
}

/* What is left of a connection may share its port with others, as connections do. */
static int dead_bind(struct restore *r, const struct restore_file *file, int fd)
{
	const CrctlSocketEntry *extra = socket_extra_find(r, file->id);
	int on = TCP_REPAIR_ON, off = TCP_REPAIR_OFF_NO_WP, ret = 0;

	if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)))
		return fail_errno(r->ctx.err, -errno, "open file %u: TCP_REPAIR", file->id);
	if (!extra || !extra->has_name)
		ret = inet_bind(r, file, fd);
	else if (bind(fd, (struct sockaddr *)extra->name.data, (socklen_t)extra->name.len))
		ret = fail_errno(r->ctx.err, -errno, "open file %u: the address of what is left of "
				 "a connection", file->id);
	if (!ret && setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &off, sizeof(off)))
		ret = fail_errno(r->ctx.err, -errno, "open file %u: TCP_REPAIR", file->id);
	return ret;
}

static int idle_restore(struct restore *r, const struct restore_file *file, int fd)
{
	const InetSkEntry *e = file->entry->isk;
	bool dead = e->has_shutdown && e->shutdown != SK_SHUTDOWN__NONE;
	int ret = dead ? dead_bind(r, file, fd) : tcp_bind(r, file, fd);

	if (!ret)
		ret = late_options(r, file, fd);
	if (!ret)
		ret = tcp_bound(r, file, fd);
	if (!ret && dead)
		ret = shut(r, file, fd, (int)e->shutdown - 1);
	return ret;
}

static int listen_restore(struct restore *r, const struct restore_file *file, int fd)
{
	const InetSkEntry *e = file->entry->isk;
	int ret = tcp_bind(r, file, fd);

	/* accepted sockets have the options of the moment that the handshake was in */
	if (!ret)
		ret = late_options(r, file, fd);
	if (!ret && listen(fd, (int)e->backlog))
		ret = fail_errno(r->ctx.err, -errno, "open file %u: listening on port %u", file->id,
				 e->src_port);
	return ret ? ret : tcp_bound(r, file, fd);
}

/* What was under way begins anew. */
static int connecting_restore(struct restore *r, const struct restore_file *file, int fd)
{
	const InetSkEntry *e = file->entry->isk;
	union inet_addr addr;
	socklen_t len = inet_addr_get(e, true, &addr);
	int on = 1, ret = idle_restore(r, file, fd);

	if (ret)
		return ret;
	if (ioctl(fd, FIONBIO, &on))
		return fail_errno(r->ctx.err, -errno, "open file %u: O_NONBLOCK", file->id);
	/* whatever becomes of it is for the program to see */
	(void)connect(fd, &addr.any, len);
	return 0;
}

/* loopback may need a moment, when it is left to another thread of the kernel */
static int state_await(struct restore *r, const struct restore_file *file, int fd, uint32_t state)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	for (int i = 0; i < 1000; i++) {
		if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len))
			return fail_errno(r->ctx.err, -errno, "TCP_INFO");
		if (info.tcpi_state == state)
			return 0;
		usleep(1000);
	}
	return fail(r->ctx.err, -ETIMEDOUT, "open file %u: its connection does not get from state "
		    "%u into state %u; is loopback (lo) up, and no firewall rule on it?", file->id,
		    info.tcpi_state, state);
}

/* What the peer sent: its FIN, or the ACK of ours. */
static int from_peer(struct restore *r, const struct tcp_stream *s, int fd, bool fin,
		     uint32_t then)
{
	const InetSkEntry *e = s->file->entry->isk;
	const TcpStreamEntry *t = s->entry;
	int ret;

	if (fin)
		ret = segment_inject(e, t->inq_seq - 1, tcp_stream_una(s), true);
	else
		ret = segment_inject(e, t->inq_seq, t->outq_seq, false);
	if (ret)
		return fail_errno(r->ctx.err, ret, "open file %u: a segment of its peer",
				  s->file->id);
	return state_await(r, s->file, fd, then);
}

/* The ends of both sides, in their order. */
static int closing_restore(struct restore *r, const struct tcp_stream *s, int fd)
{
	uint32_t state = s->file->entry->isk->state;
	bool fin_in = tcp_got_fin(state), fin_out = tcp_sent_fin(state);
	int ret = 0;

	/* with unsent data before it, our FIN comes after that: tcp_stream_start() */
	if (s->entry->unsq_len)
		fin_out = false;
	if (fin_in && (state != INET_CLOSING || !fin_out))
		ret = from_peer(r, s, fd, true, INET_CLOSE_WAIT);
	if (!ret && fin_out)
		ret = shut(r, s->file, fd, SHUT_WR);
	if (!ret && state == INET_FIN_WAIT2)
		ret = from_peer(r, s, fd, false, INET_FIN_WAIT2);
	if (!ret && state == INET_CLOSING && fin_out)
		ret = from_peer(r, s, fd, true, INET_CLOSING);
	return ret;
}

static int connected_restore(struct restore *r, const struct restore_file *file, int fd)
{
	const struct tcp_stream *s = tcp_stream_find(r, file);
	const InetSkEntry *e = file->entry->isk;
	int ret = tcp_stream_prepare(r, s, fd);

	if (!ret)
		ret = inet_bind(r, file, fd);
	if (!ret)
		ret = inet_connect(r, file, fd);
	if (!ret)
		ret = tcp_stream_fill(r, s, fd);
	if (!ret)
		ret = closing_restore(r, s, fd);
	if (!ret && !tcp_got_fin(e->state) && e->has_shutdown &&
	    e->shutdown & SK_SHUTDOWN__READ)
		ret = shut(r, file, fd, SHUT_RD);
	if (!ret)
		ret = late_options(r, file, fd);
	if (!ret)
		ret = tcp_stream_window(r, s, fd);
	/* nobody will find a descriptor of one that is only in flight */
	return ret || file->nr_tasks ? ret : tcp_stream_start(s, fd);
}

static int tcp_restore(struct restore *r, struct restore_file *file, int fd)
{
	const InetSkEntry *e = file->entry->isk;

	if (state_is_connected(e->state))
		return restore_closes(r) ? shut(r, file, fd, SHUT_RDWR) :
					   connected_restore(r, file, fd);
	if (e->state == INET_LISTEN)
		return listen_restore(r, file, fd);
	return e->state == INET_SYN_SENT ? connecting_restore(r, file, fd) :
					   idle_restore(r, file, fd);
}

const struct inet_proto tcp_proto = {
	.name = "TCP",
	.is = tcp_is,
	.dump = tcp_dump,
	.check = tcp_check,
	.restore = tcp_restore,
};
