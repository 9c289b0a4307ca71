/* SPDX-License-Identifier: GPL-2.0 */
/* The lock on connections: a table of nf_tables that drops their packets. */
#ifndef CRCTL_KAPI_NFT_H
#define CRCTL_KAPI_NFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Packets with this mark pass; it is the ecosystem's. */
#define NFT_PASS_MARK 0xc114

struct nft_conn {
	bool ipv6;
	uint32_t local[4], peer[4];		/* network order; IPv4: the first word */
	uint16_t local_port, peer_port;		/* host order */
};

/* A socket to talk with nf_tables, or -errno. */
int nft_open(void);

/*
 * Make the table @name, with all it holds, in one step. An owned table belongs to @fd:
 * it vanishes when the last descriptor of that socket is closed, however that comes
 * (Linux 5.12; -EOPNOTSUPP before).
 */
int nft_lock(int fd, const char *name, bool owned, const struct nft_conn *conns, size_t nr);

/* Remove the table. -ENOENT: there is none. */
int nft_unlock(int fd, const char *name);

/* Whether there is such a table: 1, 0 or -errno. */
int nft_exists(int fd, const char *name);

#endif
