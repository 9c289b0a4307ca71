/* SPDX-License-Identifier: GPL-2.0 */
/* Where the kernel stands in the rings of a packet socket, which no call tells. */
#ifndef CRCTL_KAPI_PEEK_PACKET_H
#define CRCTL_KAPI_PEEK_PACKET_H

#include <stdbool.h>
#include <stdint.h>

struct peek_packet;

struct packet_heads {
	uint32_t rx;		/* the frame, or block (TPACKET_V3), that is written next */
	uint32_t tx;		/* the frame that is sent next */
};

/* -EOPNOTSUPP, -EPERM or another -errno where the kernel does not let it. */
int peek_packet_open(struct peek_packet **ret_peek);
/* NULL is fine. */
void peek_packet_close(struct peek_packet *peek);
/* Of a descriptor of this process; @blocks: the receiving ring has those. */
int peek_packet_heads(const struct peek_packet *peek, int fd, bool blocks,
		      struct packet_heads *ret_heads);

#endif
