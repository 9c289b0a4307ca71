/* SPDX-License-Identifier: GPL-2.0 */
/* Questions over netlink whose answer is a list: sock_diag, routes, links. */
#ifndef CRCTL_KAPI_NETLINK_H
#define CRCTL_KAPI_NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One attribute of an answer; data is NULL where it was not in it. */
struct netlink_attr {
	const void *data;
	size_t len;
};

/*
 * Ask for a dump: @type and @body are the request, @each gets the body of every answer
 * (@len bytes, attributes included), valid for the length of the call. Stops at the
 * first -errno that it returns. -EAGAIN: the list changed while it was read.
 */
int netlink_dump(int protocol, uint16_t type, const void *body, size_t body_len,
		 int (*each)(void *arg, const void *body, size_t len), void *arg);

/* The same, where @each gets whole messages (struct nlmsghdr). */
int netlink_dump_whole(int protocol, uint16_t type, const void *body, size_t body_len,
		       int (*each)(void *arg, const void *msg, size_t len), void *arg);

/* The attributes behind the first @head_len bytes of an answer, by number below @nr. */
void netlink_attrs(const void *body, size_t len, size_t head_len, struct netlink_attr *attrs,
		   size_t nr);

/* A u32 attribute, or @otherwise. */
uint32_t netlink_attr_u32(const struct netlink_attr *attr, uint32_t otherwise);

/* An internet socket as inet_diag tells of it. */
struct diag_inet {
	uint32_t ino;
	uint8_t state;			/* TCP_ */
	uint8_t shutdown;		/* 1: no more comes in; 2: no more goes out */
	uint16_t src_port, dst_port;	/* host order */
	uint32_t src[4], dst[4];	/* network order */
};

/* The socket with this inode among those in @states (1 << TCP_). -ENOENT: there is none. */
int diag_inet_find(uint8_t family, uint8_t protocol, uint32_t states, uint32_t ino,
		   struct diag_inet *ret_sk);

/* A Unix socket as unix_diag tells of it; pointers are into the answer. */
struct diag_unix {
	uint32_t ino;			/* 0: not accepted yet, or its last descriptor is gone */
	uint8_t type, state;		/* SOCK_, TCP_ as of include/net/tcp_states.h */
	uint8_t shutdown;		/* 1: no more comes in; 2: no more goes out */
	uint8_t has_peer;
	uint32_t peer;			/* inode */
	const char *name;		/* as bound; abstract ones begin with a 0 byte */
	size_t name_len;
	uint32_t file_dev, file_ino;	/* of the name in the file system; 0: none */
	const uint32_t *waiting;	/* a listener: inodes of who connected */
	size_t nr_waiting;
	uint32_t queue_len, backlog;	/* a listener: connections; else bytes in, bytes out */
	uint32_t sndbuf, rcvbuf;
};

/* Every Unix socket of the network namespace. */
int diag_unix_list(int (*each)(void *arg, const struct diag_unix *sk), void *arg);

/* A group that a packet socket has joined (PACKET_ADD_MEMBERSHIP). */
struct diag_packet_group {
	uint32_t index;			/* of the device */
	uint16_t type, addr_len;	/* PACKET_MR_ */
	uint32_t nr;			/* times */
	uint8_t addr[32];
};

struct diag_packet_ring {
	uint32_t block_size, block_nr, frame_size, frame_nr;	/* block_size 0: there is none */
	uint32_t retire_ms, priv_len, features;
};

/* A packet socket as packet_diag tells of it; pointers are into the answer. */
struct diag_packet {
	uint32_t ino;
	uint32_t version, reserve, copy_threshold, timestamp;	/* PACKET_ options */
	const struct diag_packet_group *groups;
	size_t nr_groups;
	bool has_fanout;
	struct diag_packet_ring rx, tx;
};

/* Every packet socket of the network namespace. */
int diag_packet_list(int (*each)(void *arg, const struct diag_packet *sk), void *arg);

#endif
