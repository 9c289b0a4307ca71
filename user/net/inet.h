/* SPDX-License-Identifier: GPL-2.0 */
/* Sockets of the internet protocols: what their protocols and the lock share. */
#ifndef CRCTL_NET_INET_H
#define CRCTL_NET_INET_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "image/sk_inet.pb-c.h"
#include "image/tcp_stream.pb-c.h"
#include "kapi/nft.h"
#include "net/net.h"

union inet_addr {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* A record in the making, with room for all it points to. */
struct inet_dump {
	InetSkEntry entry;
	SkOptsEntry opts;
	IpOptsEntry ip;
	IpOptsRawEntry raw;
	TcpOptsEntry tcp;
	uint32_t src[4], dst[4], icmp_filter[8];
	char ifname[16];
	CrctlSocketEntry *extra;	/* NULL: nothing that the format has no room for */
	bool connected;			/* it has a peer */
};

/* A connection whose state is to be read once the network is locked. */
struct inet_conn {
	struct dump_task *task;
	int fd;				/* number in the task */
	int local_fd;
	uint32_t ino, state;
	int reuse;			/* SO_REUSEADDR, which the end of a repair clears */
	bool in_repair;
	struct nft_conn tuple;
};

#define GET_SOCKET_NETNS 0x894c /* SIOCGSKNS */

struct inet_fresh;

struct packet_table;

struct inet_group {
	uint32_t index;			/* of the interface */
	union inet_addr addr;
};

/* struct dump.net */
struct net_dump {
	uint64_t netns_cookie;		/* crctl's own; 0: the kernel has none */
	int standby_fd;			/* what watches over the connections; -1 */
	ARRAY_OF(struct inet_fresh *) fresh;
	ARRAY_OF(struct inet_group) groups;	/* multicast groups that the machine is in */
	bool groups_known;
	struct packet_table *packets;	/* NULL: not asked for yet */
	ARRAY_OF(struct inet_conn) conns;
	int nft_fd;			/* -1: not locked */
	bool locked, kept;		/* the tables named below are there */
	char lock_name[32];		/* while crctl runs */
	char keep_name[32];		/* until the restore */
};

/* A connection in the images. */
struct tcp_stream {
	const struct restore_file *file;
	TcpStreamEntry *entry;
	const void *inq, *outq;
	struct image_reader *image;
};

/* struct restore.net */
struct net_restore {
	ARRAY_OF(struct tcp_stream) streams;	/* sorted by open file */
	int nft_fd;
	bool in_new_namespace;			/* the root task makes the lock */
	char lock_name[32];
};

/* One protocol, or several that are alike. */
struct inet_proto {
	const char *name;
	bool (*is)(int type, int proto);
	/* What the family does not know of: the state at least. */
	int (*dump)(struct dump *d, const struct fd_info *fd, struct inet_dump *sk);
	int (*check)(struct restore *r, const struct restore_file *file);
	int (*restore)(struct restore *r, struct restore_file *file, int fd);
};

extern const struct inet_proto tcp_proto, udp_proto, raw_proto;

/* TCP_ of include/net/tcp_states.h, as the images have them. */
enum inet_state {
	INET_ESTABLISHED = 1, INET_SYN_SENT, INET_SYN_RECV, INET_FIN_WAIT1, INET_FIN_WAIT2,
	INET_TIME_WAIT, INET_CLOSE, INET_CLOSE_WAIT, INET_LAST_ACK, INET_LISTEN, INET_CLOSING,
};

int net_dump_begin(struct dump *d);

/* 1: the socket is in crctl's network namespace; 0: in another; or -errno. */
int netns_is_own(const struct dump *d, int sock_fd);
/* The same of the namespace that @request gives, GET_SOCKET_NETNS or TUNGETDEVNETNS. */
int netns_is_here(int fd, unsigned long request);

/* ---- options (inet_opts.c) ---- */

/* Every option of the protocol levels; what equals a new socket's is left out. */
int inet_opts_dump(struct dump *d, const struct fd_info *fd, struct inet_dump *sk);
/* @early: what must be set before bind(2) and connect(2). */
int inet_opts_restore(struct restore *r, const struct restore_file *file, int fd, bool early);
void inet_fresh_free(struct net_dump *net);

/* Multicast groups that the socket has joined (mcast.c). */
int mcast_dump(struct dump *d, const struct fd_info *fd, struct inet_dump *sk);
int mcast_restore(struct restore *r, const struct restore_file *file, int fd);

/* ---- addresses (inet.c) ---- */

/* The local (or the peer's) address of an entry; the length, 0: it is malformed. */
socklen_t inet_addr_get(const InetSkEntry *e, bool peer, union inet_addr *ret);
/* bind(2) to the local address where the socket had one; connect(2) to the peer's. */
int inet_bind(struct restore *r, const struct restore_file *file, int fd);
int inet_connect(struct restore *r, const struct restore_file *file, int fd);
/* For the lock, with the addresses that the packets have. */
int inet_tuple(const InetSkEntry *e, struct nft_conn *ret);

/* ---- connections (tcp_stream.c) ---- */

/* Note a connection: its state is read by tcp_write(). */
int tcp_conn_add(struct dump *d, const struct fd_info *fd, const struct inet_dump *sk);
/* tcp-stream images of all connections; the network is locked. */
int tcp_streams_write(struct dump *d);
/* Repair mode: closing the socket sends nothing. */
int tcp_repair_on(struct inet_conn *c);
void tcp_repair_off(struct inet_conn *c);

/* Read and check the image of a connection. */
int tcp_stream_read(struct restore *r, const struct restore_file *file);
const struct tcp_stream *tcp_stream_find(const struct restore *r, const struct restore_file *file);
/* Before and after connect(2), in repair mode. */
int tcp_stream_prepare(struct restore *r, const struct tcp_stream *s, int fd);
int tcp_stream_fill(struct restore *r, const struct tcp_stream *s, int fd);
int tcp_stream_window(struct restore *r, const struct tcp_stream *s, int fd);
/* The first byte that the peer has not acknowledged, when our FIN is not sent yet. */
uint32_t tcp_stream_una(const struct tcp_stream *s);
bool tcp_got_fin(uint32_t state);
bool tcp_sent_fin(uint32_t state);
/* Once the network is unlocked: let the connection live. */
int tcp_stream_start(const struct tcp_stream *s, int fd);

/* Remove the rules that another tool locked these connections with (iptables.c). */
int iptables_unlock(const struct nft_conn *conns, size_t nr);
/* And those that it locked a whole network namespace with. */
int iptables_unlock_namespace(void);

/* A segment as from the peer, to the socket that this entry describes (segment.c). */
int segment_inject(const InetSkEntry *e, uint32_t seq, uint32_t ack, bool fin);

#endif
