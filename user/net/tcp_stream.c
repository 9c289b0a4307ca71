// SPDX-License-Identifier: GPL-2.0
/*
 * The state of a TCP connection, which TCP_REPAIR opens to be read and made: sequence
 * numbers, options of the handshake, windows and both queues. Segments that came out
 * of order are left to the peer, which sends them again, as are estimates of the round
 * trip and the congestion window; they are found anew. ECN is off afterwards.
 * In the images sequence numbers count a FIN, lengths do not.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "image/image.h"
#include "lib/cleanup.h"
#include "net/inet.h"

enum { NO_QUEUE, RECV_QUEUE, SEND_QUEUE };	/* of TCP_REPAIR_QUEUE */
enum { OPT_MSS = 2, OPT_WINDOW = 3, OPT_SACK = 4, OPT_TIMESTAMP = 8 };	/* TCPOPT_ */

bool tcp_got_fin(uint32_t state)
{
	return state == INET_CLOSE_WAIT || state == INET_LAST_ACK || state == INET_CLOSING;
}

bool tcp_sent_fin(uint32_t state)
{
	return state == INET_FIN_WAIT1 || state == INET_FIN_WAIT2 || state == INET_LAST_ACK ||
	       state == INET_CLOSING;
}

static int opt_get(int fd, int name, void *value, socklen_t len)
{
	return getsockopt(fd, IPPROTO_TCP, name, value, &len) ? -errno : 0;
}

static int opt_set(int fd, int name, int value)
{
	return setsockopt(fd, IPPROTO_TCP, name, &value, sizeof(value)) ? -errno : 0;
}

/* ---- dump ---- */

int tcp_repair_on(struct inet_conn *c)
{
	int ret = opt_set(c->local_fd, TCP_REPAIR, TCP_REPAIR_ON);

	c->in_repair = !ret;
	return ret;
}

void tcp_repair_off(struct inet_conn *c)
{
	if (!c->in_repair)
		return;
	/* neither can fail on a socket that it could be turned on for */
	(void)opt_set(c->local_fd, TCP_REPAIR, TCP_REPAIR_OFF_NO_WP);
	(void)setsockopt(c->local_fd, SOL_SOCKET, SO_REUSEADDR, &c->reuse, sizeof(c->reuse));
	c->in_repair = false;
}

int tcp_conn_add(struct dump *d, const struct fd_info *fd, const struct inet_dump *sk)
{
	struct inet_conn *c = array_add(&d->net->conns);
	socklen_t len = sizeof(c->reuse);
	int ret = 0;

	if (!c)
		return -ENOMEM;
	c->task = fd->task;
	c->fd = fd->fd;
	c->ino = sk->entry.ino;
	c->state = sk->entry.state;
	c->local_fd = fcntl(fd->local_fd, F_DUPFD_CLOEXEC, 0);
	if (c->local_fd < 0 ||
	    getsockopt(c->local_fd, SOL_SOCKET, SO_REUSEADDR, &c->reuse, &len))
		ret = -errno;
	if (!ret)
		ret = inet_tuple(&sk->entry, &c->tuple);
	if (ret == -EMFILE)
		return fail(d->ctx.err, ret, "crctl needs a descriptor for each TCP connection; "
			    "raise the limit (ulimit -n)");
	return ret ? fail_errno(d->ctx.err, ret, "pid %d fd %d: the connection cannot be looked at",
				fd->task->pid, fd->fd) : 0;
}

/* Lengths as the kernel tells them count our FIN. */
static int lengths_get(const struct inet_conn *c, TcpStreamEntry *e)
{
	uint32_t in = 0, out = 0, unsent = 0, fin = tcp_sent_fin(c->state);

	if (ioctl(c->local_fd, SIOCINQ, &in) || ioctl(c->local_fd, SIOCOUTQ, &out) ||
	    ioctl(c->local_fd, SIOCOUTQNSD, &unsent))
		return -errno;
	e->inq_len = in;
	e->outq_len = out - (out ? fin : 0);
	e->has_unsq_len = true;
	e->unsq_len = unsent - (unsent ? fin : 0);
	return 0;
}

static int seq_get(int fd, int queue, uint32_t *ret_seq)
{
	int ret = opt_set(fd, TCP_REPAIR_QUEUE, queue);

	return ret ? ret : opt_get(fd, TCP_QUEUE_SEQ, ret_seq, sizeof(*ret_seq));
}

static int options_get(int fd, TcpStreamEntry *e)
{
	struct tcp_info info = { 0 };
	int ret = opt_get(fd, TCP_INFO, &info, sizeof(info));

	if (ret)
		return ret;
	e->opt_mask = info.tcpi_options & (TCPI_OPT_TIMESTAMPS | TCPI_OPT_SACK | TCPI_OPT_WSCALE);
	if (e->opt_mask & TCPI_OPT_WSCALE) {
		e->snd_wscale = info.tcpi_snd_wscale;
		e->has_rcv_wscale = true;
		e->rcv_wscale = info.tcpi_rcv_wscale;
	}
	if (e->opt_mask & TCPI_OPT_TIMESTAMPS) {
		e->has_timestamp = true;
		ret = opt_get(fd, TCP_TIMESTAMP, &e->timestamp, sizeof(e->timestamp));
	}
	/* in repair mode this is what the handshake agreed on */
	return ret ? ret : opt_get(fd, TCP_MAXSEG, &e->mss_clamp, sizeof(e->mss_clamp));
}

static int window_get(int fd, TcpStreamEntry *e)
{
	struct tcp_repair_window w = { 0 };
	int ret = opt_get(fd, TCP_REPAIR_WINDOW, &w, sizeof(w));

	e->has_snd_wl1 = e->has_snd_wnd = e->has_max_window = !ret;
	e->has_rcv_wnd = e->has_rcv_wup = !ret;
	e->snd_wl1 = w.snd_wl1;
	e->snd_wnd = w.snd_wnd;
	e->max_window = w.max_window;
	e->rcv_wnd = w.rcv_wnd;
	e->rcv_wup = w.rcv_wup;
	return ret;
}

/*
 * Copies of both queues. A segment that is acknowledged in part is still whole
 * (tcp_clean_rtx_queue), so that what is to be sent may begin with too much.
 */
static int queue_peek(int fd, int queue, uint32_t len, void **ret_buf, uint32_t *ret_at)
{
	size_t room = (size_t)len + 65536;
	auto_free char *buf = NULL;
	ssize_t n;
	int ret;

	*ret_at = 0;
	if (!len)
		return 0;
	buf = malloc(room);
	if (!buf)
		return -ENOMEM;
	ret = opt_set(fd, TCP_REPAIR_QUEUE, queue);
	if (ret)
		return ret;
	n = recv(fd, buf, queue == SEND_QUEUE ? room : len, MSG_PEEK | MSG_DONTWAIT);
	if (n < (ssize_t)len)
		return n < 0 ? -errno : -EIO;
	*ret_at = (uint32_t)(n - len);
	*ret_buf = steal_ptr(buf);
	return 0;
}

struct queues {
	void *in, *out;
	uint32_t in_at, out_at;
};

static int state_get(const struct inet_conn *c, TcpStreamEntry *e, struct queues *q)
{
	int fd = c->local_fd;
	int ret = lengths_get(c, e);

	if (!ret)
		ret = options_get(fd, e);
	if (!ret)
		ret = window_get(fd, e);
	if (!ret)
		ret = seq_get(fd, RECV_QUEUE, &e->inq_seq);
	if (!ret)
		ret = queue_peek(fd, RECV_QUEUE, e->inq_len, &q->in, &q->in_at);
	if (!ret)
		ret = seq_get(fd, SEND_QUEUE, &e->outq_seq);
	return ret ? ret : queue_peek(fd, SEND_QUEUE, e->outq_len, &q->out, &q->out_at);
}

static int stream_write(struct dump *d, const struct inet_conn *c, const TcpStreamEntry *e,
			const struct queues *q)
{
	struct image_writer *w = NULL;
	int close_ret, ret = image_write_open(d->ctx.images_fd, IMG_TCP_STREAM, c->ino, &w);

	if (!ret)
		ret = image_write(w, &e->base);
	if (!ret && e->inq_len)
		ret = image_write_raw(w, (const char *)q->in + q->in_at, e->inq_len);
	if (!ret && e->outq_len)
		ret = image_write_raw(w, (const char *)q->out + q->out_at, e->outq_len);
	close_ret = image_write_close(w);
	ret = ret ? ret : close_ret;
	return ret ? fail(d->ctx.err, ret, "%s", image_error()) : 0;
}

static int conn_write(struct dump *d, struct inet_conn *c)
{
	TcpStreamEntry e = TCP_STREAM_ENTRY__INIT;
	struct queues q = { 0 };
	int offset = -1, ret;
	socklen_t len = sizeof(offset);

	/* peeking would begin there */
	if (!getsockopt(c->local_fd, SOL_SOCKET, SO_PEEK_OFF, &offset, &len) && offset > 0)
		return fail(d->ctx.err, -EBUSY, "pid %d fd %d: the program is looking ahead in the "
			    "connection (SO_PEEK_OFF); try again in a moment", c->task->pid, c->fd);
	ret = tcp_repair_on(c);
	if (!ret)
		ret = state_get(c, &e, &q);
	tcp_repair_off(c);
	ret = ret ? fail_errno(d->ctx.err, ret, "pid %d fd %d: the state of the connection",
			       c->task->pid, c->fd) : stream_write(d, c, &e, &q);
	free(q.in);
	free(q.out);
	return ret;
}

int tcp_streams_write(struct dump *d)
{
	int ret = 0;

	for (size_t i = 0; i < d->net->conns.nr && !ret; i++)
		ret = conn_write(d, &d->net->conns.items[i]);
	return ret;
}

/* ---- restore ---- */

static int stream_check(struct restore *r, const struct restore_file *file,
			struct tcp_stream *s)
{
	const TcpStreamEntry *e = s->entry;
	int ret = image_read_raw(s->image, e->inq_len, &s->inq);

	if (!ret)
		ret = image_read_raw(s->image, e->outq_len, &s->outq);
	if (ret)
		return fail(r->ctx.err, ret, "%s", image_error());
	if (e->unsq_len > e->outq_len || e->snd_wscale > 14 || e->rcv_wscale > 14 ||
	    e->inq_len > INT32_MAX / 4 || e->outq_len > INT32_MAX / 4)
		return fail(r->ctx.err, -EINVAL,
			    "tcp-stream-%x.img: queues of %u, %u and %u bytes, "
			    "windows scaled by %u and %u",
			    file->entry->isk->ino, e->inq_len, e->outq_len, e->unsq_len,
			    e->snd_wscale, e->rcv_wscale);
	return 0;
}

int tcp_stream_read(struct restore *r, const struct restore_file *file)
{
	struct tcp_stream *s;
	ProtobufCMessage *msg;
	int ret;

	if (!r->net)
		r->net = calloc(1, sizeof(*r->net));
	s = r->net ? array_add(&r->net->streams) : NULL;
	if (!s)
		return fail_errno(r->ctx.err, -ENOMEM, "reading TCP connections");
	r->net->nft_fd = -1;
	s->file = file;
	ret = image_read_open(r->ctx.images_fd, IMG_TCP_STREAM, file->entry->isk->ino, &s->image);
	if (ret)
		return fail(r->ctx.err, ret, "%s", image_error());
	ret = image_read(s->image, &tcp_stream_entry__descriptor, &msg);
	if (ret < 0)
		return fail(r->ctx.err, ret, "%s", image_error());
	if (!ret)
		return fail(r->ctx.err, -EINVAL, "tcp-stream-%x.img is empty",
			    file->entry->isk->ino);
	s->entry = (TcpStreamEntry *)msg;
	return stream_check(r, file, s);
}

const struct tcp_stream *tcp_stream_find(const struct restore *r, const struct restore_file *file)
{
	size_t low = 0, high = r->net->streams.nr;

	while (low < high) {
		size_t mid = (low + high) / 2;
		const struct tcp_stream *s = &r->net->streams.items[mid];

		if (s->file == file)
			return s;
		if (s->file < file)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static int stream_fail(struct restore *r, const struct tcp_stream *s, int ret, const char *what)
{
	return fail_errno(r->ctx.err, ret, "open file %u: %s of the TCP connection", s->file->id,
			  what);
}

uint32_t tcp_stream_una(const struct tcp_stream *s)
{
	return s->entry->outq_seq - tcp_sent_fin(s->file->entry->isk->state) - s->entry->outq_len;
}

static int seq_set(int fd, int queue, uint32_t seq)
{
	int ret = opt_set(fd, TCP_REPAIR_QUEUE, queue);

	return ret ? ret : opt_set(fd, TCP_QUEUE_SEQ, (int)seq);
}

/* Room for the queues; sockopt_restore() sets what the sizes are to be. */
static int buffers_widen(int fd, const TcpStreamEntry *e)
{
	int in = (int)e->inq_len * 2 + 65536, out = (int)e->outq_len * 2 + 65536;

	if ((e->inq_len && setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &in, sizeof(in))) ||
	    (e->outq_len && setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &out, sizeof(out))))
		return -errno;
	return 0;
}

int tcp_stream_prepare(struct restore *r, const struct tcp_stream *s, int fd)
{
	const TcpStreamEntry *e = s->entry;
	uint32_t state = s->file->entry->isk->state;
	int ret = opt_set(fd, TCP_REPAIR, TCP_REPAIR_ON);

	if (!ret)
		ret = seq_set(fd, SEND_QUEUE, tcp_stream_una(s));
	if (!ret)
		ret = seq_set(fd, RECV_QUEUE, e->inq_seq - tcp_got_fin(state) - e->inq_len);
	return ret ? stream_fail(r, s, ret, "sequence numbers (TCP_REPAIR)") : 0;
}

static int options_set(int fd, const TcpStreamEntry *e)
{
	struct tcp_repair_opt opts[4];
	socklen_t nr = 0;

	opts[nr++] = (struct tcp_repair_opt){ OPT_MSS, e->mss_clamp };
	if (e->opt_mask & TCPI_OPT_WSCALE)
		opts[nr++] = (struct tcp_repair_opt){ OPT_WINDOW,
						      e->snd_wscale | e->rcv_wscale << 16 };
	if (e->opt_mask & TCPI_OPT_SACK)
		opts[nr++] = (struct tcp_repair_opt){ OPT_SACK, 0 };
	if (e->opt_mask & TCPI_OPT_TIMESTAMPS)
		opts[nr++] = (struct tcp_repair_opt){ OPT_TIMESTAMP, 0 };
	if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_OPTIONS, opts, nr * (socklen_t)sizeof(opts[0])))
		return -errno;
	return e->has_timestamp ? opt_set(fd, TCP_TIMESTAMP, (int)e->timestamp) : 0;
}

static int bytes_send(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = send(fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n <= 0)
			return n ? -errno : -EIO;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* In repair mode what is sent goes into the queue, as if it had come or gone already. */
static int queue_fill(int fd, int queue, const void *data, size_t len)
{
	int ret = 0;

	/* the other one is to be chosen all the same: a FIN may follow */
	if (len || queue == SEND_QUEUE)
		ret = opt_set(fd, TCP_REPAIR_QUEUE, queue);
	return ret ? ret : bytes_send(fd, data, len);
}

int tcp_stream_fill(struct restore *r, const struct tcp_stream *s, int fd)
{
	const TcpStreamEntry *e = s->entry;
	int ret = options_set(fd, e);

	if (ret)
		return stream_fail(r, s, ret, "options");
	ret = buffers_widen(fd, e);
	if (!ret)
		ret = queue_fill(fd, RECV_QUEUE, s->inq, e->inq_len);
	if (ret)
		return stream_fail(r, s, ret, "data that waits to be read");
	ret = queue_fill(fd, SEND_QUEUE, s->outq, e->outq_len - e->unsq_len);
	return ret ? stream_fail(r, s, ret, "data that is not acknowledged") : 0;
}

int tcp_stream_window(struct restore *r, const struct tcp_stream *s, int fd)
{
	const TcpStreamEntry *e = s->entry;
	struct tcp_repair_window w = { e->snd_wl1, e->snd_wnd, e->max_window, e->rcv_wnd,
				       e->rcv_wup };
	int ret = opt_set(fd, TCP_REPAIR_QUEUE, NO_QUEUE);

	if (!ret && e->has_snd_wnd &&
	    setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_WINDOW, &w, sizeof(w)))
		ret = -errno;
	return ret ? stream_fail(r, s, ret, "windows") : 0;
}

/* What was never sent, and our FIN behind it: sent as by the program. */
static int unsent_send(const struct tcp_stream *s, int fd)
{
	const TcpStreamEntry *e = s->entry;
	const SkOptsEntry *opts = s->file->entry->isk->opts;
	int size = (int)opts->so_sndbuf / 2,
	    lock = opts->has_so_buf_lock ? (int)opts->so_buf_lock : 0;
	int ret = buffers_widen(fd, e);

	if (!ret)
		ret = bytes_send(fd, (const char *)s->outq + e->outq_len - e->unsq_len,
				 e->unsq_len);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	(void)setsockopt(fd, SOL_SOCKET, SO_BUF_LOCK, &lock, sizeof(lock)); /* Linux 5.14 */
	if (!ret && tcp_sent_fin(s->file->entry->isk->state) && shutdown(fd, SHUT_WR))
		ret = -errno;
	return ret;
}

int tcp_stream_start(const struct tcp_stream *s, int fd)
{
	int reuse = s->file->entry->isk->opts->reuseaddr;
	int ret = opt_set(fd, TCP_REPAIR, TCP_REPAIR_OFF);

	if (!ret && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof(reuse)))
		ret = -errno;
	return ret || !s->entry->unsq_len ? ret : unsent_send(s, fd);
}
