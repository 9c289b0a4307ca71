// SPDX-License-Identifier: GPL-2.0
/*
 * Options of the levels SOL_IP, SOL_IPV6, IPPROTO_TCP and IPPROTO_UDP. Seen with getsockopt(2)
 * on the description itself and compared with a new socket of the same sort: what is
 * equal needs no word. Some have a place in the format, the rest goes into
 * crctl-sockets. Not readable, so lost: IPsec policies and keys of a single socket
 * (IP_XFRM_POLICY, TCP_MD5SIG), a size set with IPV6_MTU, TCP_MAXSEG of a connection
 * (what came of it is kept), and IP_MULTICAST_IF that was given by number.
 */
#include <errno.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"
#include "net/inet.h"

#define VALUE_LEN	    2064 /* IPv6 extension headers; all others are short */
#define SHORT_LEN	    64
/* names that the headers lack */
#define IP_LOCAL_PORT_RANGE_NR 51 /* Linux 6.3 */
#define IPV6_FLOWINFO_NR      11
#define IPV6_FLOWINFO_SEND_NR 33
#define TCP_RTO_MAX_MS_NR   44 /* Linux 6.15 */
#define TCP_RTO_MIN_US_NR   45
#define TCP_DELACK_MAX_US_NR 46

enum { V4 = 1, V6 = 2, BOTH = 3 };

enum option_when {
	LATE,	/* once it is bound and connected */
	EARLY,	/* before */
	IDLE,	/* before, and not of connections */
	GROUP,	/* late, and not of streams, where the kernel keeps other things in their place */
	STOPS,	/* cannot be restored: refused */
};

/* Where the format has room. */
enum slot {
	NONE, FREEBIND, PKTINFO, TOS, TTL, HDRINCL, NODEFRAG, CHECKSUM, V6ONLY, CORK, NODELAY,
	KEEPCNT, KEEPIDLE, KEEPINTVL,
};

static const struct option_row {
	int level, name;
	uint16_t len;
	uint8_t families;
	enum option_when when;
	enum slot slot;
} rows[] = {
	{ SOL_IP, IP_FREEBIND, 4, V4, EARLY, FREEBIND },
	{ SOL_IP, IP_TRANSPARENT, 4, V4, EARLY, NONE },
	{ SOL_IP, IP_BIND_ADDRESS_NO_PORT, 4, BOTH, EARLY, NONE },
	{ SOL_IP, IP_LOCAL_PORT_RANGE_NR, 4, BOTH, EARLY, NONE },
	{ SOL_IP, IP_UNICAST_IF, 4, BOTH, EARLY, NONE },
	{ SOL_IP, IP_MTU_DISCOVER, 4, BOTH, EARLY, NONE },
	{ SOL_IP, IP_OPTIONS, 40, V4, LATE, NONE },
	{ SOL_IP, IP_TOS, 4, BOTH, EARLY, TOS },
	{ SOL_IP, IP_TTL, 4, BOTH, EARLY, TTL },
	{ SOL_IP, IP_MINTTL, 4, BOTH, LATE, NONE },
	{ SOL_IP, IP_HDRINCL, 4, V4, EARLY, HDRINCL },
	{ SOL_IP, IP_NODEFRAG, 4, V4, EARLY, NODEFRAG },
	{ SOL_IP, IP_CHECKSUM, 4, BOTH, LATE, CHECKSUM },
	{ SOL_IP, IP_PKTINFO, 4, V4, LATE, PKTINFO },
	{ SOL_IP, IP_PKTINFO, 4, V6, LATE, NONE },
	{ SOL_IP, IP_RECVTTL, 4, BOTH, LATE, NONE },
	{ SOL_IP, IP_RECVTOS, 4, BOTH, LATE, NONE },
	{ SOL_IP, IP_RECVOPTS, 4, BOTH, LATE, NONE },
	{ SOL_IP, IP_RETOPTS, 4, BOTH, LATE, NONE },
	{ SOL_IP, IP_RECVERR, 4, BOTH, LATE, NONE },
	{ SOL_IP, IP_RECVERR_RFC4884, 4, BOTH, LATE, NONE },
	{ SOL_IP, IP_RECVORIGDSTADDR, 4, BOTH, LATE, NONE },
	{ SOL_IP, IP_RECVFRAGSIZE, 4, BOTH, LATE, NONE },
	{ SOL_IP, IP_PASSSEC, 4, BOTH, LATE, NONE },
	{ SOL_IP, IP_MULTICAST_TTL, 4, BOTH, GROUP, NONE },
	{ SOL_IP, IP_MULTICAST_LOOP, 4, BOTH, GROUP, NONE },
	{ SOL_IP, IP_MULTICAST_ALL, 4, BOTH, GROUP, NONE },
	{ SOL_IP, IP_MULTICAST_IF, 4, BOTH, GROUP, NONE },

	{ SOL_IPV6, IPV6_V6ONLY, 4, V6, EARLY, V6ONLY },
	{ SOL_IPV6, IPV6_FREEBIND, 4, V6, EARLY, FREEBIND },
	{ SOL_IPV6, IPV6_TRANSPARENT, 4, V6, EARLY, NONE },
	{ SOL_IPV6, IPV6_UNICAST_IF, 4, V6, EARLY, NONE },
	{ SOL_IPV6, IPV6_MTU_DISCOVER, 4, V6, EARLY, NONE },
	{ SOL_IPV6, IPV6_TCLASS, 4, V6, EARLY, NONE },
	{ SOL_IPV6, IPV6_UNICAST_HOPS, 4, V6, EARLY, NONE },
	{ SOL_IPV6, IPV6_ADDR_PREFERENCES, 4, V6, EARLY, NONE },
	{ SOL_IPV6, IPV6_AUTOFLOWLABEL, 4, V6, EARLY, NONE },
	{ SOL_IPV6, IPV6_HDRINCL, 4, V6, EARLY, HDRINCL },
	{ SOL_IPV6, IPV6_FLOWINFO_SEND_NR, 4, V6, EARLY, NONE },
	{ SOL_IPV6, IPV6_MINHOPCOUNT, 4, V6, LATE, NONE },
	{ SOL_IPV6, IPV6_DONTFRAG, 4, V6, LATE, NONE },
	{ SOL_IPV6, IPV6_CHECKSUM, 4, V6, LATE, CHECKSUM },
	{ SOL_IPV6, IPV6_RECVPKTINFO, 4, V6, LATE, PKTINFO },
	{ SOL_IPV6, IPV6_RECVHOPLIMIT, 4, V6, LATE, NONE },
	{ SOL_IPV6, IPV6_RECVRTHDR, 4, V6, LATE, NONE },
	{ SOL_IPV6, IPV6_RECVHOPOPTS, 4, V6, LATE, NONE },
	{ SOL_IPV6, IPV6_RECVDSTOPTS, 4, V6, LATE, NONE },
	{ SOL_IPV6, IPV6_RECVTCLASS, 4, V6, LATE, NONE },
	{ SOL_IPV6, IPV6_RECVPATHMTU, 4, V6, LATE, NONE },
	{ SOL_IPV6, IPV6_RECVORIGDSTADDR, 4, V6, LATE, NONE },
	{ SOL_IPV6, IPV6_RECVFRAGSIZE, 4, V6, LATE, NONE },
	{ SOL_IPV6, IPV6_2292PKTINFO, 4, V6, LATE, NONE },
	{ SOL_IPV6, IPV6_2292HOPLIMIT, 4, V6, LATE, NONE },
	{ SOL_IPV6, IPV6_2292RTHDR, 4, V6, LATE, NONE },
	{ SOL_IPV6, IPV6_2292HOPOPTS, 4, V6, LATE, NONE },
	{ SOL_IPV6, IPV6_2292DSTOPTS, 4, V6, LATE, NONE },
	{ SOL_IPV6, IPV6_FLOWINFO_NR, 4, V6, LATE, NONE },
	{ SOL_IPV6, IPV6_RECVERR, 4, V6, LATE, NONE },
	{ SOL_IPV6, IPV6_RECVERR_RFC4884, 4, V6, LATE, NONE },
	{ SOL_IPV6, IPV6_HOPOPTS, VALUE_LEN, V6, LATE, NONE },
	{ SOL_IPV6, IPV6_RTHDRDSTOPTS, VALUE_LEN, V6, LATE, NONE },
	{ SOL_IPV6, IPV6_RTHDR, VALUE_LEN, V6, LATE, NONE },
	{ SOL_IPV6, IPV6_DSTOPTS, VALUE_LEN, V6, LATE, NONE },
	{ SOL_IPV6, IPV6_ROUTER_ALERT_ISOLATE, 4, V6, LATE, NONE },
	{ SOL_IPV6, IPV6_MULTICAST_HOPS, 4, V6, GROUP, NONE },
	{ SOL_IPV6, IPV6_MULTICAST_LOOP, 4, V6, GROUP, NONE },
	{ SOL_IPV6, IPV6_MULTICAST_ALL, 4, V6, GROUP, NONE },
	{ SOL_IPV6, IPV6_MULTICAST_IF, 4, V6, GROUP, NONE },

	{ IPPROTO_TCP, TCP_CONGESTION, 16, BOTH, EARLY, NONE },
	{ IPPROTO_TCP, TCP_MAXSEG, 4, BOTH, IDLE, NONE },
	{ IPPROTO_TCP, TCP_FASTOPEN, 4, BOTH, IDLE, NONE },
	{ IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 4, BOTH, IDLE, NONE },
	{ IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, 4, BOTH, IDLE, NONE },
	{ IPPROTO_TCP, TCP_FASTOPEN_KEY, 32, BOTH, IDLE, NONE },
	{ IPPROTO_TCP, TCP_SAVE_SYN, 4, BOTH, IDLE, NONE },
	{ IPPROTO_TCP, TCP_NODELAY, 4, BOTH, LATE, NODELAY },
	{ IPPROTO_TCP, TCP_CORK, 4, BOTH, LATE, CORK },
	{ IPPROTO_TCP, TCP_KEEPCNT, 4, BOTH, LATE, KEEPCNT },
	{ IPPROTO_TCP, TCP_KEEPIDLE, 4, BOTH, LATE, KEEPIDLE },
	{ IPPROTO_TCP, TCP_KEEPINTVL, 4, BOTH, LATE, KEEPINTVL },
	{ IPPROTO_TCP, TCP_SYNCNT, 4, BOTH, EARLY, NONE },
	{ IPPROTO_TCP, TCP_LINGER2, 4, BOTH, LATE, NONE },
	{ IPPROTO_TCP, TCP_DEFER_ACCEPT, 4, BOTH, LATE, NONE },
	{ IPPROTO_TCP, TCP_WINDOW_CLAMP, 4, BOTH, LATE, NONE },
	{ IPPROTO_TCP, TCP_USER_TIMEOUT, 4, BOTH, LATE, NONE },
	{ IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS, 4, BOTH, LATE, NONE },
	{ IPPROTO_TCP, TCP_NOTSENT_LOWAT, 4, BOTH, LATE, NONE },
	{ IPPROTO_TCP, TCP_INQ, 4, BOTH, LATE, NONE },
	{ IPPROTO_TCP, TCP_TX_DELAY, 4, BOTH, LATE, NONE },
	{ IPPROTO_TCP, TCP_RTO_MAX_MS_NR, 4, BOTH, LATE, NONE },
	{ IPPROTO_TCP, TCP_RTO_MIN_US_NR, 4, BOTH, LATE, NONE },
	{ IPPROTO_TCP, TCP_DELACK_MAX_US_NR, 4, BOTH, LATE, NONE },
	{ IPPROTO_TCP, TCP_QUICKACK, 4, BOTH, LATE, NONE },
	{ IPPROTO_TCP, TCP_ULP, 16, BOTH, STOPS, NONE },

	{ IPPROTO_UDP, UDP_ENCAP, 4, BOTH, LATE, NONE },
	{ IPPROTO_UDP, UDP_NO_CHECK6_TX, 4, BOTH, LATE, NONE },
	{ IPPROTO_UDP, UDP_NO_CHECK6_RX, 4, BOTH, LATE, NONE },
	{ IPPROTO_UDP, UDP_SEGMENT, 4, BOTH, LATE, NONE },
	{ IPPROTO_UDP, UDP_GRO, 4, BOTH, LATE, NONE },
	{ IPPROTO_UDP, UDP_CORK, 4, BOTH, LATE, NONE },
	{ IPPROTO_UDPLITE, 10 /* UDPLITE_SEND_CSCOV */, 4, BOTH, LATE, NONE },
	{ IPPROTO_UDPLITE, 11 /* UDPLITE_RECV_CSCOV */, 4, BOTH, LATE, NONE },
};

#define NR_ROWS (sizeof(rows) / sizeof(rows[0]))

/* What the options of a new socket are. */
struct inet_fresh {
	int family, type, proto;
	struct {
		bool exists;
		uint8_t len;
		char value[SHORT_LEN];
	} rows[NR_ROWS];
};

static bool row_is_for(const struct option_row *row, int family)
{
	return row->families & (family == AF_INET6 ? V6 : V4);
}

/* ---- where the format has room ---- */

struct room {
	protobuf_c_boolean *has;
	protobuf_c_boolean *truth;	/* one of the two */
	uint32_t *number;
};

#define TRUTH(msg, field) (msg) ? (struct room){ &(msg)->has_##field, &(msg)->field, NULL } : none
#define NUMBER(msg, field) (msg) ? (struct room){ &(msg)->has_##field, NULL, &(msg)->field } : none

static struct room slot_room(InetSkEntry *e, enum slot slot)
{
	const struct room none = { NULL, NULL, NULL };
	IpOptsRawEntry *raw = e->ip_opts ? e->ip_opts->raw : NULL;

	switch (slot) {
	case FREEBIND:	return TRUTH(e->ip_opts, freebind);
	case PKTINFO:	return TRUTH(e->ip_opts, pktinfo);
	case TOS:	return NUMBER(e->ip_opts, tos);
	case TTL:	return NUMBER(e->ip_opts, ttl);
	case HDRINCL:	return TRUTH(raw, hdrincl);
	case NODEFRAG:	return TRUTH(raw, nodefrag);
	case CHECKSUM:	return TRUTH(raw, checksum);
	case V6ONLY:	return TRUTH(e, v6only);
	case CORK:	return TRUTH(e->tcp_opts, cork);
	case NODELAY:	return TRUTH(e->tcp_opts, nodelay);
	case KEEPCNT:	return NUMBER(e->tcp_opts, keepcnt);
	case KEEPIDLE:	return NUMBER(e->tcp_opts, keepidle);
	case KEEPINTVL:	return NUMBER(e->tcp_opts, keepintvl);
	default:	return none;
	}
}

/* ---- dump ---- */

static void fresh_fill(struct inet_fresh *f, int fd)
{
	char value[VALUE_LEN];

	for (size_t i = 0; i < NR_ROWS; i++) {
		socklen_t len = rows[i].len;

		if (!row_is_for(&rows[i], f->family) ||
		    getsockopt(fd, rows[i].level, rows[i].name, value, &len))
			continue;
		f->rows[i].exists = true;
		f->rows[i].len = (uint8_t)(len > SHORT_LEN ? SHORT_LEN : len);
		memcpy(f->rows[i].value, value, f->rows[i].len);
	}
}

static int fresh_get(struct net_dump *net, int family, int type, int proto,
		     struct inet_fresh **ret_fresh)
{
	auto_close int fd = -1;
	struct inet_fresh *f, **slot;

	array_for_each(&net->fresh, it) {
		f = *it;
		*ret_fresh = f;
		if (f->family == family && f->type == type && f->proto == proto)
			return 0;
	}
	fd = socket(family, type | SOCK_CLOEXEC, proto);
	if (fd < 0)
		return -errno;
	f = calloc(1, sizeof(*f));
	slot = f ? array_add(&net->fresh) : NULL;
	if (!slot) {
		free(f);
		return -ENOMEM;
	}
	f->family = family;
	f->type = type;
	f->proto = proto;
	fresh_fill(f, fd);
	*ret_fresh = *slot = f;
	return 0;
}

void inet_fresh_free(struct net_dump *net)
{
	array_for_each(&net->fresh, it)
		free(*it);
	array_free(&net->fresh);
}

/* The format's readers expect some of them whether they are as usual or not. */
static bool slot_always(enum slot slot)
{
	return slot == TTL || slot == KEEPCNT || slot == KEEPIDLE || slot == KEEPINTVL;
}

static int option_keep(struct dump *d, const struct option_row *row, struct inet_dump *sk,
		       const void *value, socklen_t len)
{
	struct room room = slot_room(&sk->entry, row->slot);
	int number = 0, ret;

	if (room.has) {
		memcpy(&number, value, len < 4 ? len : 4);
		*room.has = true;
		if (room.truth)
			*room.truth = number != 0;
		else
			*room.number = (uint32_t)number;
		return 0;
	}
	ret = socket_extra(d, sk->entry.id, &sk->extra);
	return ret ? ret : socket_extra_opt(sk->extra, row->level, row->name, value, len);
}

static bool option_matters(const struct option_row *row, const struct inet_dump *sk)
{
	if (row->when == GROUP)
		return sk->entry.type != SOCK_STREAM;
	/* what is left of a connection has values of that */
	return row->when != IDLE || sk->entry.state == INET_LISTEN ||
	       (sk->entry.state == INET_CLOSE && !sk->entry.has_shutdown);
}

int inet_opts_dump(struct dump *d, const struct fd_info *fd, struct inet_dump *sk)
{
	char value[VALUE_LEN];
	struct inet_fresh *fresh = NULL;
	int ret = fresh_get(d->net, fd->family, (int)sk->entry.type, (int)sk->entry.proto, &fresh);

	for (size_t i = 0; i < NR_ROWS && !ret; i++) {
		const struct option_row *row = &rows[i];
		socklen_t len = row->len;

		if (!fresh->rows[i].exists || !option_matters(row, sk) ||
		    getsockopt(fd->local_fd, row->level, row->name, value, &len))
			continue;
		if (!slot_always(row->slot) && len == fresh->rows[i].len &&
		    !memcmp(value, fresh->rows[i].value, len))
			continue;
		if (row->when == STOPS)
			ret = dump_refuse(
				d,
				"pid %d fd %d: the kernel encrypts the connection "
				"(TCP_ULP %.16s) and does not give out the state of that; "
				"close it before the dump",
				fd->task->pid, fd->fd, value);
		else
			ret = option_keep(d, row, sk, value, len);
	}
	return ret && !d->ctx.err->ret ?
		fail_errno(d->ctx.err, ret, "pid %d fd %d: options of the socket", fd->task->pid,
			   fd->fd) : ret;
}

/* ---- restore ---- */

static const CrctlSockopt *extra_find(const CrctlSocketEntry *extra, const struct option_row *row)
{
	for (size_t i = 0; extra && i < extra->n_opts; i++) {
		const CrctlSockopt *o = extra->opts[i];

		if (o->level == (uint32_t)row->level && o->name == (uint32_t)row->name &&
		    o->value.len <= row->len)
			return o;
	}
	return NULL;
}

static int option_set(struct restore *r, uint32_t id, int fd, const struct option_row *row,
		      const void *value, socklen_t len)
{
	if (!setsockopt(fd, row->level, row->name, value, len))
		return 0;
	if (row->level == IPPROTO_TCP && row->name == TCP_CONGESTION)
		return fail_errno(r->ctx.err, -errno, "open file %u: congestion control %.16s "
				  "(is its module loaded?)", id, (const char *)value);
	return fail_errno(r->ctx.err, -errno, "open file %u: setting the socket's option %d of "
			  "level %d", id, row->name, row->level);
}

static bool option_is(int fd, const struct option_row *row, int number)
{
	int value = 0;
	socklen_t len = sizeof(value);

	return !getsockopt(fd, row->level, row->name, &value, &len) && value == number;
}

int inet_opts_restore(struct restore *r, const struct restore_file *file, int fd, bool early)
{
	const CrctlSocketEntry *extra = socket_extra_find(r, file->id);
	InetSkEntry *e = file->entry->isk;
	int ret = 0;

	for (size_t i = 0; i < NR_ROWS && !ret; i++) {
		const struct option_row *row = &rows[i];
		struct room room = slot_room(e, row->slot);
		const CrctlSockopt *o;
		int number;

		if ((row->when == LATE || row->when == GROUP) == early || row->when == STOPS ||
		    !row_is_for(row, (int)e->family))
			continue;
		o = extra_find(extra, row);
		if (room.has && *room.has) {
			number = room.truth ? *room.truth : (int)*room.number;
			/* some can be set to nothing, not even to what they are */
			if (!option_is(fd, row, number))
				ret = option_set(r, file->id, fd, row, &number, sizeof(number));
		} else if (o) {
			ret = option_set(r, file->id, fd, row, o->value.data,
					 (socklen_t)o->value.len);
		}
	}
	return ret;
}
