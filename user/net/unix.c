// SPDX-License-Identifier: GPL-2.0
/*
 * Unix sockets. Seen in sock_diag (names, peers, connections that wait), and on the
 * description itself (options, credentials, what is in the queue). A peer outside
 * of the tree is refused unless it is to be found again by its name (--ext-unix-sk).
 * Data that was sent into a connection nobody accepted yet can be read by nobody:
 * refused too. SO_PEERCRED comes back where the peer's PID is free or the maker's;
 * a pidfd of the peer (SO_PEERPIDFD) then is of a process that is gone.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "image/image.h"
#include "kapi/holder.h"
#include "kapi/peek_guard.h"
#include "kapi/proc.h"
#include "kapi/sys.h"
#include "net/unix.h"

#define SOCKET_MODE (S_IFSOCK | 0777)

/* ---- dump ---- */

static bool unix_match(const struct fd_info *fd)
{
	return fd->family == AF_UNIX;
}

static int cred_set(CrctlUcred **slot, const struct ucred *cred)
{
	CrctlUcred *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	crctl_ucred__init(c);
	c->pid = (uint32_t)cred->pid;
	c->uid = cred->uid;
	c->gid = cred->gid;
	*slot = c;
	return 0;
}

/* Whose credentials the peer has. Supplementary groups matter only beside a user's. */
static int peer_dump(struct dump *d, const struct fd_info *fd, struct unix_socket *s)
{
	struct ucred cred = { 0 };
	socklen_t len = sizeof(cred);
	uint32_t groups[1024];
	int ret;

	if (getsockopt(fd->local_fd, SOL_SOCKET, SO_PEERCRED, &cred, &len))
		return -errno;
	if (!cred.pid && cred.uid == (uid_t)-1)
		return 0;
	ret = socket_extra(d, s->id, &s->extra);
	if (!ret)
		ret = cred_set(&s->extra->peer, &cred);
	if (ret || !cred.uid)
		return ret;
	len = sizeof(groups);
	if (getsockopt(fd->local_fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) || !len)
		return 0;
	s->extra->peer->groups = malloc(len);
	if (!s->extra->peer->groups)
		return -ENOMEM;
	memcpy(s->extra->peer->groups, groups, len);
	s->extra->peer->n_groups = len / sizeof(groups[0]);
	return 0;
}

/* Owner and mode of the descriptor itself, not of its name (fs/socket.c, sockfs). */
static int inode_dump(struct dump *d, const struct fd_info *fd, struct unix_socket *s)
{
	int ret;

	if (!fd->st.st_uid && !fd->st.st_gid && fd->st.st_mode == SOCKET_MODE)
		return 0;
	ret = socket_extra(d, s->id, &s->extra);
	if (ret)
		return ret;
	s->extra->has_mode = s->extra->has_uid = s->extra->has_gid = true;
	s->extra->mode = fd->st.st_mode & 07777;
	s->extra->uid = fd->st.st_uid;
	s->extra->gid = fd->st.st_gid;
	return 0;
}

/* A peer that is gone still has a name; and its data that nobody read is an error that waits. */
static int gone_dump(struct dump *d, const struct fd_info *fd, struct unix_socket *s)
{
	struct pollfd pfd = { .fd = fd->local_fd, .events = 0 };
	struct sockaddr_un addr;
	socklen_t len = sizeof(addr), head = offsetof(struct sockaddr_un, sun_path);
	bool named = !getpeername(fd->local_fd, (struct sockaddr *)&addr, &len) && len > head;
	bool reset = poll(&pfd, 1, 0) > 0 && pfd.revents & POLLERR;
	int ret;

	ret = socket_extra(d, s->id, &s->extra);
	if (ret)
		return ret;
	s->extra->has_gone = s->extra->gone = true;
	s->extra->has_reset = s->extra->reset = reset;
	if (!named)
		return 0;
	s->extra->peer_name.data = malloc(len - head);
	if (!s->extra->peer_name.data)
		return -ENOMEM;
	memcpy(s->extra->peer_name.data, addr.sun_path, len - head);
	s->extra->peer_name.len = len - head;
	s->extra->has_peer_name = true;
	return 0;
}

static void entry_fill(const struct fd_info *fd, struct unix_socket *s, struct dump_file *file)
{
	UnixSkEntry *e = s->entry;

	e->id = file->entry.id;
	e->ino = s->ino;
	e->type = s->type;
	e->state = s->state;
	e->flags = fd->flags;
	e->backlog = s->backlog;
	e->peer = s->peer;
	e->fown = &file->fown;
	e->name.data = (uint8_t *)s->name;
	e->name.len = s->name_len;
	if (s->shutdown) {
		e->has_shutdown = true;
		e->shutdown = (SkShutdown)(s->shutdown & 3);
	}
	file->entry.usk = e;
}

static struct unix_socket *tree_add(struct dump *d, const struct fd_info *fd,
				    struct dump_file *file)
{
	struct unix_table *t = d->files->unix_sockets;
	struct unix_socket *s = unix_socket_find(t, (uint32_t)fd->st.st_ino), **slot;

	if (!s)
		return NULL;
	slot = array_add(&t->tree);
	s->entry = file_alloc(file, sizeof(*s->entry));
	if (!slot || !s->entry || !(s->entry->opts = file_alloc(file, sizeof(SkOptsEntry))))
		return NULL;
	*slot = s;
	unix_sk_entry__init(s->entry);
	s->entry->opts = file_alloc(file, sizeof(SkOptsEntry));
	if (!s->entry->opts)
		return NULL;
	sk_opts_entry__init(s->entry->opts);
	s->id = file->entry.id;
	/* of one that is in flight: the holder's, by whose name it is called too */
	s->task = fd->task;
	s->pid = fd->task->pid;
	s->fd = fd->fd;
	return s;
}

static int unix_dump(struct dump *d, const struct fd_info *fd, struct dump_file *file)
{
	struct unix_socket *s;
	int ret = unix_table_begin(d);

	if (ret)
		return ret;
	s = tree_add(d, fd, file);
	if (!s)
		return dump_refuse(d,
				   "pid %d fd %d: the Unix socket is of another network namespace "
				   "than crctl's; run crctl inside it",
				   fd->task->pid, fd->fd);
	entry_fill(fd, s, file);
	s->entry->opts->so_sndbuf = s->sndbuf;
	s->entry->opts->so_rcvbuf = s->rcvbuf;
	ret = sockopt_dump_as(d, fd, s->id, s->type == SOCK_STREAM ? SOCKOPT_UNIX : SOCKOPT_PACKETS,
			      s->entry->opts, &s->extra);
	if (ret)
		return ret;
	ret = peer_dump(d, fd, s);
	if (!ret)
		ret = inode_dump(d, fd, s);
	if (!ret && s->has_peer && !s->peer)
		ret = gone_dump(d, fd, s);
	if (ret)
		return fail_errno(d->ctx.err, ret, "pid %d fd %d: the Unix socket", fd->task->pid,
				  fd->fd);
	ret = unix_name_dump(d, fd, s, file);
	if (!ret && !d->ctx.check_only)
		ret = unix_queue_collect(d, fd, s);
	return ret;
}

/* Who holds the socket with this inode, for a sentence. */
static const char *holder_name(struct unix_table *t, uint32_t ino, char *buf, size_t size)
{
	char comm[32] = "?";
	/* each takes a look at every descriptor of the machine */
	pid_t pid = t->nr_holders++ < 8 ? holder_of_socket(ino, comm, sizeof(comm)) : 0;

	if (pid <= 0)
		snprintf(buf, size, "somebody outside the tree");
	else
		snprintf(buf, size, "pid %d (%s), which is outside the tree", pid, comm);
	return buf;
}

/* A record of type UNIXSK for the peer, which is connected to again by its name. */
static int extern_dump(struct dump *d, struct unix_socket *peer)
{
	struct dump_file *file;
	UnixSkEntry *e;
	int ret;

	if (peer->listed)
		return 0;
	ret = file_add(d, &file);
	if (ret)
		return ret;
	e = file_alloc(file, sizeof(*e));
	if (!e)
		return -ENOMEM;
	unix_sk_entry__init(e);
	e->opts = file_alloc(file, sizeof(SkOptsEntry));
	if (!e->opts)
		return -ENOMEM;
	sk_opts_entry__init(e->opts);
	file->entry.type = FD_TYPES__UNIXSK;
	file->entry.usk = e;
	e->id = file->entry.id;
	e->ino = peer->ino;
	e->type = peer->type;
	e->state = peer->state;
	e->uflags = UNIX_EXTERN;
	e->fown = &file->fown;
	e->name.data = (uint8_t *)peer->name;
	e->name.len = peer->name_len;
	peer->listed = true;
	return 0;
}

static bool extern_allowed(const struct dump *d, uint32_t a, uint32_t b)
{
	char text[2][16];

	snprintf(text[0], sizeof(text[0]), "%u", a);
	snprintf(text[1], sizeof(text[1]), "%u", b);
	if (d->ctx.ext_unix_all || external_name(d->ctx.external, "unix", text[0]) ||
	    external_name(d->ctx.external, "unix", text[1]))
		return true;
	for (size_t i = 0; i < d->ctx.nr_ext_unix; i++)
		if (d->ctx.ext_unix[i] == a || d->ctx.ext_unix[i] == b)
			return true;
	return false;
}

/* The peer is crctl, asked by the tree to dump it: gone by then, its answer waits. */
static int peer_service(struct dump *d, struct unix_socket *s)
{
	struct unix_message *m = array_add(&s->messages);
	int ret = m ? socket_extra(d, s->id, &s->extra) : -ENOMEM;

	if (ret)
		return ret;
	m->data = malloc(d->ctx.service_answer_len + 1);
	if (!m->data)
		return -ENOMEM;
	memcpy(m->data, d->ctx.service_answer, d->ctx.service_answer_len);
	m->len = d->ctx.service_answer_len;
	s->entry->peer = 0;
	s->extra->has_gone = s->extra->gone = true;
	return 0;
}

static int peer_outside(struct dump *d, struct unix_socket *s, struct unix_socket *peer)
{
	char who[128];

	if (d->ctx.service_ino && s->peer == d->ctx.service_ino)
		return peer_service(d, s);

	if (!extern_allowed(d, s->ino, s->peer))
		return dump_refuse(d,
				   "pid %d fd %d: the other end of the Unix socket (inode %u) is "
				   "held by %s; dump that process too, close the socket, or allow "
				   "it with --external unix[%u]",
				   s->pid, s->fd, s->peer,
				   holder_name(d->files->unix_sockets, s->peer, who, sizeof(who)),
				   s->peer);
	if (!peer || !peer->name_len)
		return dump_refuse(d,
				   "pid %d fd %d: the other end of the Unix socket is held by %s, "
				   "and has no name to find it by again",
				   s->pid, s->fd,
				   holder_name(d->files->unix_sockets, s->peer, who, sizeof(who)));
	return extern_dump(d, peer);
}

/* Bytes in the connections that nobody has accepted: nobody can read them either. */
static int pending_check(struct dump *d, struct unix_socket *listener)
{
	struct unix_table *t = d->files->unix_sockets;

	array_for_each(&t->embryos, ep) {
		const struct unix_socket *e = *ep;

		if (!e->queue_len || e->file_ino != listener->file_ino ||
		    e->file_dev != listener->file_dev || e->name_len != listener->name_len ||
		    memcmp(e->name, listener->name, e->name_len))
			continue;
		return dump_refuse(d,
				   "pid %d fd %d: %u bytes wait in a connection that is not "
				   "accepted yet, where nobody can read them; let the server "
				   "accept it before the dump",
				   listener->pid, listener->fd, e->queue_len);
	}
	return 0;
}

/* Who connected to a listener and waits: their peer is the listener, in the images. */
static int waiting_note(struct dump *d, struct unix_socket *listener)
{
	struct unix_table *t = d->files->unix_sockets;
	char who[128];
	int ret = listener->nr_waiting ? pending_check(d, listener) : 0;

	for (size_t i = 0; i < listener->nr_waiting && !ret; i++) {
		struct unix_socket *s = unix_socket_find(t, listener->waiting[i]);
		uint32_t *slot;

		/* what it has sent stays its own until it is read */
		if (s && s->id && s->backlog)
			return dump_refuse(d,
					   "pid %d fd %d: data waits in a connection that is not "
					   "accepted yet, where nobody can read it; let the server "
					   "accept it before the dump", s->pid, s->fd);
		if (s && s->id) {
			s->pending = true;
			s->entry->peer = listener->ino;
		} else if (listener->waiting[i]) {
			ret = dump_refuse(d,
					  "pid %d fd %d: a connection that is not accepted yet is "
					  "of %s; let the server accept it before the dump",
					  listener->pid, listener->fd,
					  holder_name(t, listener->waiting[i], who, sizeof(who)));
			continue;
		}
		ret = socket_extra(d, listener->id, &listener->extra);
		slot = ret ? NULL : reallocarray(listener->extra->waiting,
						 listener->extra->n_waiting + 1, sizeof(*slot));
		if (!slot)
			return ret ? ret : -ENOMEM;
		listener->extra->waiting = slot;
		slot[listener->extra->n_waiting++] = s ? s->id : 0;
	}
	return ret;
}

static int peer_resolve(struct dump *d, struct unix_socket *s)
{
	struct unix_table *t = d->files->unix_sockets;
	struct unix_socket *peer;

	if (!s->peer || s->pending)
		return 0;
	peer = unix_socket_find(t, s->peer);
	if (!peer || !peer->id)
		return peer_outside(d, s, peer);
	return 0;
}

/* The credentials that a server will see of a connection that waits. */
static int pending_cred(struct dump *d, struct unix_socket *s)
{
	const struct dump_task *task = dump_task_find(d, s->pid);
	struct ucred cred = { .pid = s->pid };
	int ret;

	if (!s->pending || !task || !task->threads.items[0].status)
		return 0;
	cred.uid = task->threads.items[0].status->uid[1];
	cred.gid = task->threads.items[0].status->gid[1];
	ret = socket_extra(d, s->id, &s->extra);
	return ret ? ret : cred_set(&s->extra->self, &cred);
}

static int unix_collect_end(struct dump *d)
{
	struct unix_table *t = d->files ? d->files->unix_sockets : NULL;
	int ret;

	if (!t)
		return 0;
	ret = unix_flying_collect(d);
	for (size_t i = 0; i < t->tree.nr && !ret; i++)
		if (t->tree.items[i]->state == UNIX_LISTEN)
			ret = waiting_note(d, t->tree.items[i]);
	for (size_t i = 0; i < t->tree.nr && !ret; i++) {
		ret = peer_resolve(d, t->tree.items[i]);
		if (!ret)
			ret = pending_cred(d, t->tree.items[i]);
	}
	peek_guard_stop(t->guard);
	t->guard = NULL;
	return ret;
}

static int unix_write(struct dump *d)
{
	int ret = d->files->unix_sockets ? unix_queue_write(d) : 0;

	return ret ? ret : socket_write_extras(d);
}

static void unix_release(struct file_table *t)
{
	unix_table_free(t->unix_sockets);
	t->unix_sockets = NULL;
}

const struct file_kind unix_kind = {
	.name = "unix socket",
	.type = FD_TYPES__UNIXSK,
	.match = unix_match,
	.dump = unix_dump,
	.collect_end = unix_collect_end,
	.write = unix_write,
	.release = unix_release,
	.check = unix_check,
	.refs = unix_refs,
	.before_tasks = unix_before_tasks,
	.restore = unix_restore,
};
