/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the Unix sockets call of each other. */
#ifndef CRCTL_NET_UNIX_H
#define CRCTL_NET_UNIX_H

#include <sys/socket.h>
#include <sys/un.h>

#include "image/fdinfo.pb-c.h"
#include "image/sk_unix.pb-c.h"
#include "net/net.h"

struct diag_unix;

/* unix_sk_entry.uflags */
enum unix_flags {
	UNIX_EXTERN = 1 << 0,	/* a peer outside of the tree: known by name only */
	UNIX_INHERIT = 1 << 3,	/* given at restore: --inherit-fd */
};

/* unix_sk_entry.state, as in include/net/tcp_states.h */
enum unix_state { UNIX_ESTABLISHED = 1, UNIX_CLOSE = 7, UNIX_LISTEN = 10 };

/* ---- dump ---- */

/* One message that waits; stream bytes that were sent alike are one. */
struct unix_message {
	char *data;
	size_t len;
	uint32_t *rights;	/* ids of open files, 0 until they are known */
	size_t nr_rights;
	bool has_cred;
	struct ucred cred;
	char sender[108];	/* name of who sent it */
	size_t sender_len;
};

/* A socket of the namespace, as sock_diag listed it; and what the tree has of it. */
struct unix_socket {
	uint32_t ino;		/* 0: not accepted yet */
	struct unix_socket *next;	/* of the same hash */
	uint8_t type, state, shutdown;
	bool has_peer;
	bool pending;		/* its connection is not accepted yet */
	bool listed;		/* a record of it as an external peer was made */
	uint32_t peer;
	uint32_t file_dev, file_ino;
	uint32_t queue_len, backlog;
	uint32_t sndbuf, rcvbuf;
	char name[110];
	size_t name_len;
	uint32_t *waiting;
	size_t nr_waiting;
	/* of the tree */
	uint32_t id;		/* in files.img; 0: not of the tree */
	struct dump_task *task;
	pid_t pid;
	int fd;
	UnixSkEntry *entry;
	CrctlSocketEntry *extra;
	ARRAY_OF(struct unix_message) messages;
};

/* A descriptor in flight, as it came out of a queue. */
struct unix_flying {
	int fd;			/* here */
	struct unix_socket *holder;
	size_t message, right;
};

struct peek_guard;

struct unix_table {
	struct unix_socket **hash;	/* by inode */
	size_t nr, cap;
	ARRAY_OF(struct unix_socket *) embryos;	/* inode 0 */
	ARRAY_OF(struct unix_socket *) tree;
	ARRAY_OF(struct unix_flying) flying;
	struct peek_guard *guard;
	struct dump_task *self;	/* crctl, as the holder of what is in flight */
	struct unix_socket *last_named;	/* whose file was looked at last */
	unsigned int nr_holders;	/* looked for, for the words of refusals */
	char *buf;
	size_t buf_len;
};

/* The list of sock_diag, read when the first Unix socket is met. */
int unix_table_begin(struct dump *d);
void unix_table_free(struct unix_table *t);
struct unix_socket *unix_socket_find(const struct unix_table *t, uint32_t ino);

/* Where the name leads to: name_dir, deleted, file_perms; another root into @s->extra. */
int unix_name_dump(struct dump *d, const struct fd_info *fd, struct unix_socket *s,
		   struct dump_file *file);

/* Copy what waits in the socket, leaving it there. */
int unix_queue_collect(struct dump *d, const struct fd_info *fd, struct unix_socket *s);
/* Give descriptors in flight their records, which may bring more sockets. */
int unix_flying_collect(struct dump *d);
/* sk-queues.img */
int unix_queue_write(struct dump *d);

/* ---- restore ---- */

/* One socket of those that are made together. */
struct unix_make {
	struct restore_file *file;
	const UnixSkEntry *e;
	const CrctlSocketEntry *x;	/* NULL: none */
	struct unix_make *peer;		/* NULL: none, or outside */
	const UnixSkEntry *outside;	/* the peer's record, when it is outside */
	struct unix_make *hub;		/* the first of those with the same name; NULL: no name */
	struct unix_make *next_named;	/* of the same hub */
	struct unix_make *pending, *pending_end;	/* of a listener: who waits */
	struct unix_make *next_pending;
	size_t nr_named;		/* of a hub: how many have the name */
	struct unix_make *listener;	/* of a hub: the one that listens; NULL: none */
	int fd;				/* -1: not made yet */
	int sink_fd;			/* the other end of one whose peer is gone; -1 */
	bool bound, connected, filled;
	uint32_t nr_in;			/* datagram sockets that are yet to be connected to it */
};

/* An address that leads to a socket, for as long as path_fd is open; -1: not needed. */
struct unix_address {
	struct sockaddr_un addr;
	socklen_t len;
	int path_fd;
};

struct unix_build {
	struct restore *r;
	struct unix_make *items;	/* sorted by id */
	size_t nr;
	int root_fd;			/* a file system for deleted names; -1: not made yet */
};

/* unix_index.c */
int unix_name_compare(const UnixSkEntry *x, const UnixSkEntry *y);
struct restore_file *unix_file_find(struct restore *r, uint32_t ino);
/* One that is bound to this name; a relative one: whatever its directory is not. */
struct restore_file *unix_named_find(struct restore *r, uint32_t type,
				     const ProtobufCBinaryData *name);
int unix_refs(struct restore *r, const struct restore_file *file, struct file_refs *refs);
bool unix_before_tasks(struct restore *r, const struct restore_file *file,
		       const struct restore_task *maker);
/* What waits for the socket, in order; none: *ret_nr is 0. */
const struct restore_packet *unix_packets_of(const struct restore *r, uint32_t id, size_t *ret_nr);

/* unix_make.c */
int unix_check(struct restore *r, const struct restore_file *file);
int unix_restore(struct restore *r, struct restore_file *file, int *ret_fd);
struct unix_make *unix_make_find(const struct unix_build *b, uint32_t id);
/* Run @fn as the process @cred->pid, with its user and group, where that can be. */
int unix_run_as(const CrctlUcred *cred, int (*fn)(void *arg), void *arg);

/* unix_name.c: bind @fd to the name of @e, and give its file mode and owner. */
int unix_name_bind(struct unix_build *b, const UnixSkEntry *e, uint32_t id, int fd);
/*
 * A path as nobody else sees it, for the moment: of a peer or sender that is gone.
 * -EADDRINUSE: somebody has the abstract name now.
 */
int unix_name_bind_gone(struct unix_build *b, const ProtobufCBinaryData *name, int fd);
/* The address of a socket that is bound to the name of @e. */
int unix_name_address(struct unix_build *b, const UnixSkEntry *e, int bound_fd,
		      struct unix_address *ret);
void unix_address_close(struct unix_address *a);

/* unix_queue.c: send @m what waited in it through @fd, which is connected to it; or to @to. */
int unix_queue_fill(struct unix_build *b, const struct unix_make *m, int fd,
		    const struct unix_address *to);

/* unix_connect.c: streams and what is like them; unix_dgram.c */
int unix_streams_make(struct unix_build *b);
int unix_dgrams_make(struct unix_build *b);
/* Once every socket is there: what waits in datagram sockets, then who they are connected to. */
int unix_dgrams_connect(struct unix_build *b);
/* A new socket of the type of @m, with the options that come first; not bound. */
int unix_socket_new(struct unix_build *b, struct unix_make *m);
/* A pair of sockets, made by the peer that @m knows. */
int unix_pair_new(struct unix_build *b, const struct unix_make *m, int fds[2]);

#endif
