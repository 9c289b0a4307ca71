/* SPDX-License-Identifier: GPL-2.0 */
/* Packet sockets: what the socket and its rings share. */
#ifndef CRCTL_NET_PACKET_H
#define CRCTL_NET_PACKET_H

#include "image/packet_sock.pb-c.h"
#include "kapi/netlink.h"
#include "net/net.h"

/* Numbers as PACKET_VERSION takes them. */
enum packet_version { PACKET_V1, PACKET_V2, PACKET_V3 };

struct packet_info {
	struct diag_packet diag;	/* groups are its own */
	uint32_t id;			/* of its open file; 0: not met yet */
	uint64_t rings_len;
};

/* What packet_diag told of the network namespace, sorted by inode; and how rings are read. */
struct packet_table {
	ARRAY_OF(struct packet_info) sockets;
	struct peek_packet *peek;
};

void packet_table_free(struct packet_table *t);

/* Bytes of the rings, which a mapping has all of. */
uint64_t packet_ring_len(const PacketRing *ring);
uint64_t packet_rings_len(const PacketSockEntry *e);

/*
 * What is in the rings of @fd, into a new ret->ring; where the kernel stands is read from
 * its memory.
 */
int packet_ring_dump(struct dump *d, const struct fd_info *fd, const PacketSockEntry *e,
		     CrctlRingEntry **ret_ring);
int packet_ring_check(struct restore *r, uint32_t id, const PacketSockEntry *e,
		      const CrctlRingEntry *ring);
/* Make the rings and bring the kernel and the content to where they were; @ring may be NULL. */
int packet_ring_restore(struct restore *r, uint32_t id, const PacketSockEntry *e,
			const CrctlRingEntry *ring, int fd);

#endif
