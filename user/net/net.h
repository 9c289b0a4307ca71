/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sockets: kinds of open files (files/files.h), one family each, and what they share.
 */
#ifndef CRCTL_NET_NET_H
#define CRCTL_NET_NET_H

#include "files/files.h"
#include "image/crctl.pb-c.h"
#include "image/sk_opts.pb-c.h"

/*
 * Of which sockets an option is asked: many do nothing on a Unix socket, some nothing on
 * one of streams, and a system call for each of thousands of sockets is felt.
 */
enum sockopt_family {
	SOCKOPT_UNIX = 1,	/* streams */
	SOCKOPT_PACKETS = 2,	/* other Unix sockets */
	SOCKOPT_OTHER = 4,
	SOCKOPT_LOCAL = 3,
	SOCKOPT_ALL = 7,
};

/* ---- dump ---- */

/* The entry of an open socket in crctl-sockets; made where *@slot is NULL. */
int socket_extra(struct dump *d, uint32_t id, CrctlSocketEntry **slot);
/* Note an option that the format has no room for. */
int socket_extra_opt(CrctlSocketEntry *extra, int level, int name, const void *value, size_t len);
/* crctl-sockets */
int socket_write_extras(struct dump *d);

/*
 * Every option of SOL_SOCKET: what the format has into @opts, the rest into *@extra.
 * Strings and arrays of @opts are freed by sockopt_free(). Refuses what cannot be read.
 */
int sockopt_dump(struct dump *d, const struct fd_info *fd, uint32_t id, SkOptsEntry *opts,
		 CrctlSocketEntry **extra);
/* The same, where the family says what to ask; sizes of buffers in @opts are taken for true. */
int sockopt_dump_as(struct dump *d, const struct fd_info *fd, uint32_t id,
		    enum sockopt_family family, SkOptsEntry *opts, CrctlSocketEntry **extra);
/* sockopt_dump(), where what @opts points to lives as long as the record. */
int socket_opts_dump(struct dump *d, const struct fd_info *fd, struct dump_file *file,
		     SkOptsEntry *opts, CrctlSocketEntry **extra);
void sockopt_free(SkOptsEntry *opts);

/* ---- restore ---- */

/* The entry of @id in crctl-sockets; NULL: there is none. */
const CrctlSocketEntry *socket_extra_find(const struct restore *r, uint32_t id);

/* What must be set before the socket is bound or connected: SO_REUSEADDR, SO_MARK, ... */
int sockopt_restore_first(struct restore *r, uint32_t id, int fd, const SkOptsEntry *opts);
/* The rest, once the queues are filled: what they say may not fit into the buffers. */
int sockopt_restore(struct restore *r, uint32_t id, int fd, const SkOptsEntry *opts);

/* ---- connections: what the engine calls (lock.c) ---- */

/* Whether there are any whose state is to be kept. */
bool net_dump_needs_lock(const struct dump *d);
/* From here on no packet of them passes. */
int net_dump_lock(struct dump *d);
/* The tree will be killed: the lock stays, and the connections end silently. */
int net_dump_commit(struct dump *d);
/* Take back what was done to them, in the process that stands by. */
void net_standby_undo(struct dump *d);
/* Unlock, and take back what was done unless the tree was @killed. */
void net_dump_free(struct dump *d, bool killed);

/* Before the first socket is made; in a @new_namespace it is restore_net_lock() that does it. */
int net_restore_lock(struct restore *r, bool new_namespace);
void net_restore_undo(struct restore *r);
/* Every task is complete: unlock and let the connections live. */
void net_restore_start(struct restore *r);
void net_restore_free(struct restore *r);

#endif
