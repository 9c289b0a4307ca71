/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sockets: kinds of open files (files/files.h), one family each, and what they share.
 */
#ifndef CRCTL_NET_NET_H
#define CRCTL_NET_NET_H

#include "files/files.h"
#include "image/crctl.pb-c.h"
#include "image/sk_opts.pb-c.h"

/* Which families an option is asked of: most do nothing on a Unix socket. */
enum sockopt_family { SOCKOPT_UNIX = 1, SOCKOPT_OTHER = 2, SOCKOPT_ALL = 3 };

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
void sockopt_free(SkOptsEntry *opts);

/* ---- restore ---- */

/* The entry of @id in crctl-sockets; NULL: there is none. */
const CrctlSocketEntry *socket_extra_find(const struct restore *r, uint32_t id);

/* What must be set before the socket is bound or connected: SO_REUSEADDR, SO_MARK, ... */
int sockopt_restore_first(struct restore *r, uint32_t id, int fd, const SkOptsEntry *opts);
/* The rest, once the queues are filled: what they say may not fit into the buffers. */
int sockopt_restore(struct restore *r, uint32_t id, int fd, const SkOptsEntry *opts);

#endif
