// SPDX-License-Identifier: GPL-2.0
/*
 * Making Unix sockets that hang together: all of them first, then what waits in
 * them, then what must not come before that (shutdown, options, whom datagram sockets
 * are connected to).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kapi/apart.h"
#include "lib/cleanup.h"
#include "net/unix.h"

struct as {
	const CrctlUcred *cred;
	int (*fn)(void *arg);
	void *arg;
};

static int as_user(void *arg)
{
	const struct as *a = arg;
	int ret = apart_user(a->cred->uid, a->cred->gid, a->cred->groups, a->cred->n_groups);

	return ret ? ret : a->fn(a->arg);
}

/* In this very process, which must be as before afterwards. */
static int run_here(const struct as *a)
{
	struct as me = *a;
	CrctlUcred cred = *a->cred;
	int ret, back;

	cred.n_groups = 0;
	cred.groups = NULL;
	me.cred = &cred;
	ret = as_user(&me);
	back = apart_user_back();
	return ret ? ret : back;
}

int unix_run_as(const CrctlUcred *cred, int (*fn)(void *arg), void *arg)
{
	struct as a = { cred, fn, arg };
	int ret = -EEXIST;

	if (!cred)
		return fn(arg);
	if (cred->pid && cred->pid != (uint32_t)getpid())
		ret = cred->uid || cred->gid ? apart_run((pid_t)cred->pid, as_user, &a) :
					       apart_run((pid_t)cred->pid, fn, arg);
	/* the PID belongs to somebody else now: whoever asks will see the maker's */
	if (ret == -EEXIST)
		ret = cred->uid || cred->gid ? run_here(&a) : fn(arg);
	return ret;
}

int unix_check(struct restore *r, const struct restore_file *file)
{
	const UnixSkEntry *e = file->entry->usk;

	if (!e)
		return fail(r->ctx.err, -EINVAL, "files.img: open file %u is no Unix socket",
			    file->id);
	if (e->type != SOCK_STREAM && e->type != SOCK_DGRAM && e->type != SOCK_SEQPACKET)
		return fail(r->ctx.err, -EINVAL, "files.img: Unix socket %u is of type %u",
			    file->id, e->type);
	if (e->state != UNIX_ESTABLISHED && e->state != UNIX_CLOSE && e->state != UNIX_LISTEN)
		return fail(r->ctx.err, -EINVAL, "files.img: Unix socket %u is in state %u",
			    file->id, e->state);
	/* the kernel's own list has a 0 byte behind the longest path */
	if (e->name.len > sizeof(((struct sockaddr_un *)0)->sun_path) + 1 ||
	    (e->state == UNIX_LISTEN && (!e->name.len || e->type == SOCK_DGRAM)))
		return fail(r->ctx.err, -EINVAL, "files.img: Unix socket %u has an impossible name",
			    file->id);
	if (e->uflags & UNIX_INHERIT)
		return fail(r->ctx.err, -EOPNOTSUPP,
			    "files.img: Unix socket %u (inode %u) is to be given by --inherit-fd, "
			    "which is not supported yet",
			    file->id, e->ino);
	return 0;
}

struct unix_make *unix_make_find(const struct unix_build *b, uint32_t id)
{
	size_t low = 0, high = b->nr;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (b->items[mid].file->id == id)
			return &b->items[mid];
		if (b->items[mid].file->id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static int make_compare(const void *a, const void *b)
{
	const struct unix_make *x = a, *y = b;

	return x->file->id < y->file->id ? -1 : x->file->id > y->file->id;
}

static int hub_compare(const void *a, const void *b)
{
	const struct unix_make *x = *(struct unix_make *const *)a;
	const struct unix_make *y = *(struct unix_make *const *)b;
	int order = unix_name_compare(x->e, y->e);

	return order ? order : make_compare(x, y);
}

/* Those of one name find each other through the first of them. */
static int hubs_find(struct unix_build *b)
{
	auto_free struct unix_make **sorted = calloc(b->nr + 1, sizeof(*sorted));
	struct unix_make *hub = NULL, *last = NULL;
	size_t nr = 0;

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < b->nr; i++)
		if (b->items[i].e->name.len)
			sorted[nr++] = &b->items[i];
	qsort(sorted, nr, sizeof(*sorted), hub_compare);
	for (size_t i = 0; i < nr; i++) {
		struct unix_make *m = sorted[i];

		if (!hub || unix_name_compare(hub->e, m->e))
			hub = m;
		else
			last->next_named = m;
		last = m;
		m->hub = hub;
		hub->nr_named++;
		if (m->e->state == UNIX_LISTEN && !hub->listener)
			hub->listener = m;
	}
	return 0;
}

static int peer_find(struct unix_build *b, struct unix_make *m)
{
	struct restore_file *f = m->e->peer ? unix_file_find(b->r, m->e->peer) : NULL;

	if (!f)
		return 0;
	if (f->entry->usk->uflags & UNIX_EXTERN)
		m->outside = f->entry->usk;
	else
		m->peer = unix_make_find(b, f->id);
	if (f->entry->usk->type != m->e->type || (!m->outside && !m->peer))
		return fail(b->r->ctx.err, -EINVAL,
			    "files.img: the Unix socket %u cannot be connected to %u", m->file->id,
			    f->id);
	if (m->peer && m->e->type != SOCK_DGRAM && m->peer->e->state != UNIX_LISTEN &&
	    m->peer->e->peer != m->e->ino)
		return fail(b->r->ctx.err, -EINVAL,
			    "files.img: the Unix socket %u is connected to %u, but not %u to %u",
			    m->file->id, f->id, f->id, m->file->id);
	return 0;
}

/* Who waits for a listener, or was once accepted by it and let go. */
static void pending_note(struct unix_build *b, struct unix_make *m)
{
	struct unix_make *l = m->peer;

	if (!l && m->x && m->x->has_peer_name && m->e->type != SOCK_DGRAM) {
		struct restore_file *f = unix_named_find(b->r, m->e->type, &m->x->peer_name);

		l = f ? unix_make_find(b, f->id) : NULL;
		l = l && l->e->state == UNIX_LISTEN ? l : NULL;
	}
	if (!l || l->e->state != UNIX_LISTEN)
		return;
	if (l->pending_end)
		l->pending_end->next_pending = m;
	else
		l->pending = m;
	l->pending_end = m;
}

static int build_begin(struct unix_build *b, struct restore_file *file)
{
	struct restore_file *f = file;
	size_t nr = 0;
	int ret = 0;

	do {
		nr++;
		f = f->group;
	} while (f != file);
	b->items = calloc(nr, sizeof(*b->items));
	if (!b->items)
		return -ENOMEM;
	do {
		struct unix_make *m = &b->items[b->nr];

		if (f->owner && !(f->entry->usk->uflags & UNIX_EXTERN)) {
			*m = (struct unix_make){ .file = f, .e = f->entry->usk, .fd = -1,
						 .x = socket_extra_find(b->r, f->id),
						 .sink_fd = -1 };
			b->nr++;
		}
		f = f->group;
	} while (f != file);
	if (b->nr > 1)
		qsort(b->items, b->nr, sizeof(*b->items), make_compare);
	for (size_t i = 0; i < b->nr && !ret; i++) {
		ret = peer_find(b, &b->items[i]);
		pending_note(b, &b->items[i]);
	}
	return ret ? ret : hubs_find(b);
}

int unix_socket_new(struct unix_build *b, struct unix_make *m)
{
	m->fd = socket(AF_UNIX, (int)m->e->type | SOCK_CLOEXEC, 0);
	if (m->fd < 0)
		return -errno;
	return sockopt_restore_first(b->r, m->file->id, m->fd, m->e->opts);
}

struct pair {
	int type, *fds;
};

static int pair_run(void *arg)
{
	const struct pair *p = arg;

	return socketpair(AF_UNIX, p->type | SOCK_CLOEXEC, 0, p->fds) ? -errno : 0;
}

int unix_pair_new(struct unix_build *b, const struct unix_make *m, int fds[2])
{
	struct pair p = { (int)m->e->type, fds };

	return unix_run_as(m->x ? m->x->peer : NULL, pair_run, &p);
}

/* What comes once nothing is sent any more. */
static int socket_finish(struct unix_build *b, struct unix_make *m)
{
	int flags = (int)m->e->flags & ~(O_ACCMODE | O_CLOEXEC), now = fcntl(m->fd, F_GETFL);
	int how = m->e->has_shutdown ? (int)m->e->shutdown & 3 : 0;
	int ret;

	if (m->sink_fd >= 0) {
		/* a byte that nobody reads is what makes it ECONNRESET */
		if (m->x && m->x->reset && send(m->fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			return -errno;
		close(m->sink_fd);
		m->sink_fd = -1;
	} else if (how && shutdown(m->fd, how - 1) && errno != ENOTCONN) {
		return -errno;
	}
	ret = sockopt_restore(b->r, m->file->id, m->fd, m->e->opts);
	if (ret)
		return ret;
	if (now < 0 || ((now ^ flags) & (O_NONBLOCK | O_ASYNC | O_DIRECT | O_NOATIME | O_APPEND) &&
			fcntl(m->fd, F_SETFL, flags)))
		return -errno;
	if (m->x && m->x->has_mode &&
	    (fchown(m->fd, m->x->uid, m->x->gid) || fchmod(m->fd, m->x->mode & 07777)))
		return -errno;
	return 0;
}

static int build_run(struct unix_build *b)
{
	int ret = unix_streams_make(b);

	if (!ret)
		ret = unix_dgrams_make(b);
	for (size_t i = 0; i < b->nr && !ret; i++) {
		struct unix_make *m = &b->items[i];
		int fd = m->sink_fd >= 0 ? m->sink_fd : m->peer ? m->peer->fd : -1;

		if (m->e->type == SOCK_DGRAM || fd < 0 || m->e->state == UNIX_LISTEN)
			continue;
		ret = unix_queue_fill(b, m, fd, NULL);
	}
	if (!ret)
		ret = unix_dgrams_connect(b);
	for (size_t i = 0; i < b->nr && !ret; i++)
		ret = socket_finish(b, &b->items[i]);
	return ret;
}

static int build_place(struct unix_build *b, struct restore_file *file, int *ret_fd)
{
	for (size_t i = 0; i < b->nr; i++) {
		struct unix_make *m = &b->items[i];

		if (m->file == file) {
			*ret_fd = m->fd;
			continue;
		}
		m->file->fd = restore_fd_lift(b->r, m->fd);
		if (m->file->fd < 0)
			return m->file->fd;
	}
	return 0;
}

int unix_restore(struct restore *r, struct restore_file *file, int *ret_fd)
{
	struct unix_build b = { .r = r, .root_fd = -1 };
	int ret;

	if (file->entry->usk->uflags & UNIX_EXTERN)
		return fail(r->ctx.err, -EINVAL,
			    "files.img: the Unix socket %u is outside of the tree, but a "
			    "descriptor names it",
			    file->id);
	ret = build_begin(&b, file);
	if (!ret)
		ret = build_run(&b);
	if (!ret)
		ret = build_place(&b, file, ret_fd);
	if (b.root_fd >= 0)
		close(b.root_fd);
	free(b.items);
	return ret && !r->ctx.err->ret ?
		       fail_errno(r->ctx.err, ret, "the Unix socket %u", file->id) :
		       ret;
}
