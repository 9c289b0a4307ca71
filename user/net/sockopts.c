// SPDX-License-Identifier: GPL-2.0
/*
 * Options of SOL_SOCKET, of every family. Seen with getsockopt(2) on the description
 * itself. What the format has no room for goes into crctl-sockets, when it is not as
 * on a new socket. Classic filters are read back (SO_GET_FILTER); eBPF programs
 * cannot be (net/core/filter.c, sk_get_filter) and are refused. Nor can what
 * SO_ATTACH_REUSEPORT_CBPF set: the kernel tells nobody whether there is one.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/net_tstamp.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "net/net.h"

#define SO_PASSPIDFD_NR 76   /* Linux 6.5 */
#define SO_RCVPRIORITY_NR 82 /* Linux 6.14 */
#define SO_PASSRIGHTS_NR 83  /* Linux 6.16 */
#define SO_INQ_NR 84	     /* Linux 6.17 */
#define BUFFER_LOCKED (SOCK_SNDBUF_LOCK | SOCK_RCVBUF_LOCK)

/* In SkOptsEntry: a number or bool, and whether it is there. */
struct option_row {
	int name;
	enum sockopt_family families;
	bool first; /* before bind(2) or connect(2) */
	bool is_bool;
	uint32_t usual; /* on a new socket */
	size_t has, value;
};

#define ROW(opt, fam, early, kind, dflt, field)                                                    \
	{                                                                                          \
		.name = opt, .families = fam, .first = early, .is_bool = kind, .usual = dflt,      \
		.has = offsetof(SkOptsEntry, has_##field), .value = offsetof(SkOptsEntry, field)   \
	}

static const struct option_row rows[] = {
	ROW(SO_REUSEADDR, SOCKOPT_ALL, true, true, 0, reuseaddr),
	ROW(SO_REUSEPORT, SOCKOPT_OTHER, true, true, 0, so_reuseport),
	ROW(SO_MARK, SOCKOPT_ALL, true, false, 0, so_mark),
	ROW(SO_PRIORITY, SOCKOPT_ALL, true, false, 0, so_priority),
	ROW(SO_RCVLOWAT, SOCKOPT_ALL, false, false, 1, so_rcvlowat),
	ROW(SO_PASSCRED, SOCKOPT_ALL, false, true, 0, so_passcred),
	ROW(SO_PASSSEC, SOCKOPT_LOCAL, false, true, 0, so_passsec),
	ROW(SO_DONTROUTE, SOCKOPT_OTHER, true, true, 0, so_dontroute),
	ROW(SO_NO_CHECK, SOCKOPT_OTHER, false, true, 0, so_no_check),
	ROW(SO_BROADCAST, SOCKOPT_ALL, true, true, 0, so_broadcast),
	ROW(SO_KEEPALIVE, SOCKOPT_ALL, false, true, 0, so_keepalive),
	ROW(SO_OOBINLINE, SOCKOPT_ALL, false, false, 0, so_oobinline),
	ROW(SO_BUF_LOCK, SOCKOPT_OTHER, false, false, 0, so_buf_lock),
};

/* Those that go into crctl-sockets, in the order of their setting. */
static const struct {
	int name;
	enum sockopt_family families;
	int64_t usual;
	socklen_t len;
} extras[] = {
	{ SO_DEBUG, SOCKOPT_OTHER, 0, 4 },
	{ SO_TIMESTAMPING_OLD, SOCKOPT_OTHER | SOCKOPT_PACKETS, 0, 8 },
	{ SO_TIMESTAMPING_NEW, SOCKOPT_OTHER | SOCKOPT_PACKETS, 0, 8 },
	{ SO_TIMESTAMP_OLD, SOCKOPT_OTHER | SOCKOPT_PACKETS, 0, 4 },
	{ SO_TIMESTAMP_NEW, SOCKOPT_OTHER | SOCKOPT_PACKETS, 0, 4 },
	{ SO_TIMESTAMPNS_OLD, SOCKOPT_OTHER | SOCKOPT_PACKETS, 0, 4 },
	{ SO_TIMESTAMPNS_NEW, SOCKOPT_OTHER | SOCKOPT_PACKETS, 0, 4 },
	{ SO_RXQ_OVFL, SOCKOPT_OTHER | SOCKOPT_PACKETS, 0, 4 },
	{ SO_WIFI_STATUS, SOCKOPT_OTHER, 0, 4 },
	{ SO_PEEK_OFF, SOCKOPT_ALL, -1, 4 },
	{ SO_NOFCS, SOCKOPT_OTHER, 0, 4 },
	{ SO_SELECT_ERR_QUEUE, SOCKOPT_OTHER, 0, 4 },
	{ SO_BUSY_POLL, SOCKOPT_OTHER, 0, 4 },
	{ SO_PREFER_BUSY_POLL, SOCKOPT_OTHER, 0, 4 },
	{ SO_BUSY_POLL_BUDGET, SOCKOPT_OTHER, 0, 4 },
	{ SO_MAX_PACING_RATE, SOCKOPT_OTHER, -1, 8 },
	{ SO_INCOMING_CPU, SOCKOPT_OTHER, -1, 4 },
	{ SO_ZEROCOPY, SOCKOPT_OTHER, 0, 4 },
	{ SO_TXTIME, SOCKOPT_OTHER, 0, 8 },
	{ SO_RESERVE_MEM, SOCKOPT_OTHER, 0, 4 },
	{ SO_RCVMARK, SOCKOPT_OTHER, 0, 4 },
	{ SO_RCVPRIORITY_NR, SOCKOPT_OTHER, 0, 4 },
	{ SO_PASSPIDFD_NR, SOCKOPT_LOCAL, 0, 4 },
	{ SO_PASSRIGHTS_NR, SOCKOPT_LOCAL, 1, 4 },
	{ SO_INQ_NR, SOCKOPT_UNIX, 0, 4 },
	{ SO_LOCK_FILTER, SOCKOPT_OTHER, 0, 4 },
};

#define NR(table) (sizeof(table) / sizeof((table)[0]))

/* ---- dump ---- */

/* -ENOPROTOOPT and its like: this kernel or family has no such option. */
static int option_get(int fd, int name, void *value, socklen_t *len)
{
	return getsockopt(fd, SOL_SOCKET, name, value, len) ? -errno : 0;
}

static void rows_dump(int fd, enum sockopt_family family, SkOptsEntry *opts)
{
	for (size_t i = 0; i < NR(rows); i++) {
		const struct option_row *row = &rows[i];
		uint32_t value = 0;
		socklen_t len = sizeof(value);

		if (!(row->families & family) || option_get(fd, row->name, &value, &len) ||
		    value == row->usual)
			continue;
		*(protobuf_c_boolean *)((char *)opts + row->has) = true;
		if (row->is_bool)
			*(protobuf_c_boolean *)((char *)opts + row->value) = value != 0;
		else
			*(uint32_t *)((char *)opts + row->value) = value;
	}
}

/* Of all but listeners the kernel keeps it itself (sk_incoming_cpu_update). */
static bool cpu_is_set(int fd)
{
	int listens = 0;
	socklen_t len = sizeof(listens);

	return !option_get(fd, SO_ACCEPTCONN, &listens, &len) && listens;
}

static int extras_dump(struct dump *d, int fd, enum sockopt_family family, uint32_t id,
		       CrctlSocketEntry **extra)
{
	int ret = 0;

	for (size_t i = 0; i < NR(extras) && !ret; i++) {
		int64_t value = 0;
		socklen_t len = extras[i].len;

		if (!(extras[i].families & family) ||
		    option_get(fd, extras[i].name, &value, &len))
			continue;
		if (len == 4)
			value = (int32_t)value;
		if (value == extras[i].usual ||
		    (extras[i].name == SO_INCOMING_CPU && !cpu_is_set(fd)))
			continue;
		ret = socket_extra(d, id, extra);
		if (!ret)
			ret = socket_extra_opt(*extra, SOL_SOCKET, extras[i].name, &value, len);
	}
	return ret;
}

static int buffers_dump(int fd, SkOptsEntry *opts)
{
	uint32_t mem[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(mem);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, mem, &len))
		return -errno;
	opts->so_sndbuf = mem[SK_MEMINFO_SNDBUF];
	opts->so_rcvbuf = mem[SK_MEMINFO_RCVBUF];
	return 0;
}

static int timeouts_dump(int fd, SkOptsEntry *opts)
{
	struct timeval tv[2] = { { 0 } };
	socklen_t len = sizeof(tv[0]);
	struct linger linger = { 0 };

	if (getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv[0], &len) ||
	    getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv[1], &len))
		return -errno;
	opts->so_snd_tmo_sec = (uint64_t)tv[0].tv_sec;
	opts->so_snd_tmo_usec = (uint64_t)tv[0].tv_usec;
	opts->so_rcv_tmo_sec = (uint64_t)tv[1].tv_sec;
	opts->so_rcv_tmo_usec = (uint64_t)tv[1].tv_usec;
	len = sizeof(linger);
	if (getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &len))
		return -errno;
	opts->has_so_linger = linger.l_onoff != 0;
	opts->so_linger = (uint32_t)linger.l_linger;
	return 0;
}

static int device_dump(int fd, SkOptsEntry *opts)
{
	char name[32] = "";
	socklen_t len = sizeof(name) - 1;

	if (getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len) || !name[0])
		return 0;
	opts->so_bound_dev = strdup(name);
	return opts->so_bound_dev ? 0 : -ENOMEM;
}

/* One instruction is a number in the format: code, the two jumps, and the constant. */
static uint64_t insn_pack(const struct sock_filter *f)
{
	return (uint64_t)f->code << 48 | (uint64_t)f->jt << 40 | (uint64_t)f->jf << 32 | f->k;
}

static struct sock_filter insn_unpack(uint64_t packed)
{
	return (struct sock_filter){ .code = (uint16_t)(packed >> 48),
				     .jt = (uint8_t)(packed >> 40), .jf = (uint8_t)(packed >> 32),
				     .k = (uint32_t)packed };
}

/* SO_GET_FILTER counts in instructions. */
static int filter_dump(struct dump *d, const struct fd_info *fd, SkOptsEntry *opts)
{
	socklen_t nr = 0;

	if (getsockopt(fd->local_fd, SOL_SOCKET, SO_GET_FILTER, NULL, &nr)) {
		if (errno == EACCES)
			return dump_refuse(d,
					   "pid %d fd %d: the socket has an eBPF filter "
					   "(SO_ATTACH_BPF), which the kernel does not give out; "
					   "detach it before the dump",
					   fd->task->pid, fd->fd);
		return errno == ENOPROTOOPT ? 0 : -errno;
	}
	if (!nr)
		return 0;
	opts->so_filter = calloc(nr, sizeof(*opts->so_filter));
	if (!opts->so_filter)
		return -ENOMEM;
	if (getsockopt(fd->local_fd, SOL_SOCKET, SO_GET_FILTER, opts->so_filter, &nr))
		return -errno;
	for (socklen_t i = 0; i < nr; i++) {
		struct sock_filter insn;

		memcpy(&insn, &opts->so_filter[i], sizeof(insn));
		opts->so_filter[i] = insn_pack(&insn);
	}
	opts->n_so_filter = nr;
	return 0;
}

int sockopt_dump(struct dump *d, const struct fd_info *fd, uint32_t id, SkOptsEntry *opts,
		 CrctlSocketEntry **extra)
{
	return sockopt_dump_as(d, fd, id, SOCKOPT_OTHER, opts, extra);
}

int sockopt_dump_as(struct dump *d, const struct fd_info *fd, uint32_t id,
		    enum sockopt_family family, SkOptsEntry *opts, CrctlSocketEntry **extra)
{
	int ret = opts->so_sndbuf ? 0 : buffers_dump(fd->local_fd, opts);

	if (!ret)
		ret = timeouts_dump(fd->local_fd, opts);
	if (!ret && family == SOCKOPT_OTHER)
		ret = device_dump(fd->local_fd, opts);
	/* unix_stream_sendmsg() runs none */
	if (!ret && family != SOCKOPT_UNIX)
		ret = filter_dump(d, fd, opts);
	if (!ret) {
		rows_dump(fd->local_fd, family, opts);
		ret = extras_dump(d, fd->local_fd, family, id, extra);
	}
	return ret ? fail_errno(d->ctx.err, ret, "pid %d fd %d: options of the socket",
				fd->task->pid, fd->fd) :
		     0;
}

void sockopt_free(SkOptsEntry *opts)
{
	free(opts->so_bound_dev);
	free(opts->so_filter);
}

/* ---- restore ---- */

static int option_fail(struct restore *r, uint32_t id, const char *what)
{
	return fail_errno(r->ctx.err, -errno, "open file %u: setting the socket's %s", id, what);
}

static int rows_restore(struct restore *r, uint32_t id, int fd, const SkOptsEntry *opts, bool first)
{
	for (size_t i = 0; i < NR(rows); i++) {
		const struct option_row *row = &rows[i];
		const char *value = (const char *)opts + row->value;
		char what[32];
		uint32_t v;

		if (row->first != first || row->name == SO_BUF_LOCK ||
		    !*(const protobuf_c_boolean *)((const char *)opts + row->has))
			continue;
		v = *(const uint32_t *)value; /* a protobuf_c_boolean is an int */
		if (v == row->usual || !setsockopt(fd, SOL_SOCKET, row->name, &v, sizeof(v)))
			continue;
		snprintf(what, sizeof(what), "option %d to %u", row->name, v);
		return option_fail(r, id, what);
	}
	return 0;
}

int sockopt_restore_first(struct restore *r, uint32_t id, int fd, const SkOptsEntry *opts)
{
	const char *dev = opts->so_bound_dev;

	if (dev && *dev &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, dev, (socklen_t)strlen(dev) + 1))
		return fail_errno(r->ctx.err, -errno, "open file %u: binding the socket to the "
				  "device %s", id, dev);
	return rows_restore(r, id, fd, opts, true);
}

/* The kernel doubles what is asked for (net/core/sock.c, __sock_set_rcvbuf). */
static int buffers_restore(struct restore *r, uint32_t id, int fd, const SkOptsEntry *opts)
{
	uint32_t mem[SK_MEMINFO_VARS] = { 0 }, half;
	socklen_t len = sizeof(mem);
	uint32_t lock = opts->has_so_buf_lock ? opts->so_buf_lock & BUFFER_LOCKED : 0;
	bool changed = lock != 0;

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, mem, &len))
		return option_fail(r, id, "buffers");
	if (opts->so_sndbuf != mem[SK_MEMINFO_SNDBUF]) {
		half = opts->so_sndbuf / 2;
		changed = true;
		if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &half, sizeof(half)))
			return option_fail(r, id, "send buffer");
	}
	if (opts->so_rcvbuf != mem[SK_MEMINFO_RCVBUF]) {
		half = opts->so_rcvbuf / 2;
		changed = true;
		if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &half, sizeof(half)))
			return option_fail(r, id, "receive buffer");
	}
	/* setting a size locks it; Linux 5.14 lets that be taken back */
	if (changed && setsockopt(fd, SOL_SOCKET, SO_BUF_LOCK, &lock, sizeof(lock)) &&
	    errno != ENOPROTOOPT)
		return option_fail(r, id, "buffer locks");
	return 0;
}

static int timeouts_restore(struct restore *r, uint32_t id, int fd, const SkOptsEntry *opts)
{
	struct timeval snd = { (time_t)opts->so_snd_tmo_sec, (suseconds_t)opts->so_snd_tmo_usec };
	struct timeval rcv = { (time_t)opts->so_rcv_tmo_sec, (suseconds_t)opts->so_rcv_tmo_usec };
	struct linger linger = { opts->has_so_linger, (int)opts->so_linger };

	if ((snd.tv_sec || snd.tv_usec) &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &snd, sizeof(snd)))
		return option_fail(r, id, "time-out of sending");
	if ((rcv.tv_sec || rcv.tv_usec) &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &rcv, sizeof(rcv)))
		return option_fail(r, id, "time-out of receiving");
	if (linger.l_onoff && setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)))
		return option_fail(r, id, "SO_LINGER");
	return 0;
}

static int filter_restore(struct restore *r, uint32_t id, int fd, const SkOptsEntry *opts)
{
	struct sock_filter insns[BPF_MAXINSNS];
	struct sock_fprog prog = { (unsigned short)opts->n_so_filter, insns };

	if (!opts->n_so_filter)
		return 0;
	if (opts->n_so_filter > BPF_MAXINSNS)
		return fail(r->ctx.err, -EINVAL,
			    "files.img: open file %u has a filter of %zu instructions", id,
			    opts->n_so_filter);
	for (size_t i = 0; i < opts->n_so_filter; i++)
		insns[i] = insn_unpack(opts->so_filter[i]);
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)))
		return option_fail(r, id, "filter");
	return 0;
}

/* Only options of the table: an image is no licence to set any. */
static int extras_restore(struct restore *r, uint32_t id, int fd)
{
	const CrctlSocketEntry *e = socket_extra_find(r, id);

	for (size_t i = 0; e && i < NR(extras); i++) {
		for (size_t j = 0; j < e->n_opts; j++) {
			const CrctlSockopt *o = e->opts[j];
			char what[32];

			if (o->level != SOL_SOCKET || o->name != (uint32_t)extras[i].name ||
			    o->value.len > extras[i].len)
				continue;
			if (!setsockopt(fd, SOL_SOCKET, extras[i].name, o->value.data,
					(socklen_t)o->value.len))
				continue;
			snprintf(what, sizeof(what), "option %d", extras[i].name);
			return option_fail(r, id, what);
		}
	}
	return 0;
}

int sockopt_restore(struct restore *r, uint32_t id, int fd, const SkOptsEntry *opts)
{
	int ret = buffers_restore(r, id, fd, opts);

	if (!ret)
		ret = timeouts_restore(r, id, fd, opts);
	if (!ret)
		ret = filter_restore(r, id, fd, opts);
	if (!ret)
		ret = rows_restore(r, id, fd, opts, false);
	return ret ? ret : extras_restore(r, id, fd);
}
