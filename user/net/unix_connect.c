// SPDX-License-Identifier: GPL-2.0
/*
 * Stream and seqpacket sockets: how they came to be connected. What a server accepted
 * has the server's name, and each side knows the other's credentials: those of
 * listen(2) and of connect(2). So such connections are made the way they were, with
 * the listener that is there or one for the moment. The rest are pairs.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "net/unix.h"

#define BACKLOG_NOW 4096

struct call {
	int fd, backlog;
	const struct unix_address *to;
};

static int listen_run(void *arg)
{
	const struct call *c = arg;

	return listen(c->fd, c->backlog) ? -errno : 0;
}

static int connect_run(void *arg)
{
	const struct call *c = arg;

	return connect(c->fd, (const struct sockaddr *)&c->to->addr, c->to->len) ? -errno : 0;
}

static bool cred_same(const CrctlUcred *a, const CrctlUcred *b)
{
	if (!a || !b)
		return a == b;
	return a->pid == b->pid && a->uid == b->uid && a->gid == b->gid;
}

static const CrctlUcred *peer_cred(const struct unix_make *m)
{
	return m->x ? m->x->peer : NULL;
}

static bool is_stream(const struct unix_make *m)
{
	return m->e->type != SOCK_DGRAM;
}

/* Connected to nobody that is left. */
static bool is_gone(const struct unix_make *m)
{
	return m->e->state == UNIX_ESTABLISHED && !m->e->peer;
}

static bool is_pending(const struct unix_make *m)
{
	return m->peer && m->peer->e->state == UNIX_LISTEN;
}

static bool name_is_servers(const struct unix_make *m)
{
	return m->hub && (m->hub->listener || m->hub->nr_named > 1) &&
	       m->e->state == UNIX_ESTABLISHED;
}

/* Which of two that are connected was accepted; NULL: they are a pair. */
static struct unix_make *pair_accepted(struct unix_make *a, struct unix_make *b)
{
	if (name_is_servers(a))
		return a;
	if (name_is_servers(b))
		return b;
	if (cred_same(peer_cred(a), peer_cred(b)))
		return NULL;
	return a->hub ? a : b->hub ? b : NULL;
}

static int name_own(struct unix_build *b, struct unix_make *m)
{
	if (m->bound || !m->e->name.len)
		return 0;
	m->bound = true;
	return unix_name_bind(b, m->e, m->file->id, m->fd);
}

static int plain_make(struct unix_build *b, struct unix_make *m)
{
	int ret = unix_socket_new(b, m);

	return ret ? ret : name_own(b, m);
}

static int pair_make(struct unix_build *b, struct unix_make *m)
{
	struct unix_make *p = m->peer;
	int fds[2], ret = unix_pair_new(b, m, fds);

	if (ret)
		return ret;
	m->fd = fds[0];
	p->fd = fds[1];
	ret = sockopt_restore_first(b->r, m->file->id, m->fd, m->e->opts);
	if (!ret)
		ret = sockopt_restore_first(b->r, p->file->id, p->fd, p->e->opts);
	if (!ret)
		ret = name_own(b, m);
	return ret ? ret : name_own(b, p);
}

/* Connect @fd as @cred, and accept it from @listener. */
static int meet(int listener, const struct unix_address *at, int fd, const CrctlUcred *cred,
		int *ret_fd)
{
	struct call c = { .fd = fd, .to = at };
	int ret = unix_run_as(cred, connect_run, &c);

	if (ret)
		return ret;
	*ret_fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	return *ret_fd < 0 ? -errno : 0;
}

/* What the listener of a name has to do, for all who have it. */
struct hub_run {
	struct unix_build *b;
	int fd;
	struct unix_address at;
	const CrctlUcred *listening; /* as whom it listens now */
	bool begun;
};

static int hub_listen(struct hub_run *h, const CrctlUcred *cred, int backlog)
{
	struct call c = { .fd = h->fd, .backlog = backlog };

	if (backlog == BACKLOG_NOW && h->begun && cred_same(cred, h->listening))
		return 0;
	h->begun = true;
	h->listening = cred;
	return unix_run_as(cred, listen_run, &c);
}

static int accepted_make(struct hub_run *h, struct unix_make *m)
{
	struct unix_make *p = m->peer;
	int ret = hub_listen(h, p ? peer_cred(p) : NULL, BACKLOG_NOW);
	int fd;

	if (!ret && p)
		ret = plain_make(h->b, p);
	if (ret)
		return ret;
	fd = p ? p->fd : socket(AF_UNIX, (int)m->e->type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (!p)
		m->sink_fd = fd;
	ret = meet(h->fd, &h->at, fd, peer_cred(m), &m->fd);
	if (ret)
		return ret;
	m->bound = true;
	return sockopt_restore_first(h->b->r, m->file->id, m->fd, m->e->opts);
}

static int pending_make(struct hub_run *h, struct unix_make *m)
{
	struct call c = { .to = &h->at };
	int ret = plain_make(h->b, m), flags;

	if (!ret)
		ret = hub_listen(h, peer_cred(m), BACKLOG_NOW);
	if (ret)
		return ret;
	c.fd = m->fd;
	flags = fcntl(c.fd, F_GETFL);
	if (flags < 0 || fcntl(c.fd, F_SETFL, flags | O_NONBLOCK))
		return -errno;
	ret = unix_run_as(m->x ? m->x->self : NULL, connect_run, &c);
	if (!ret && fcntl(c.fd, F_SETFL, flags))
		ret = -errno;
	if (ret == -EAGAIN)
		return fail(h->b->r->ctx.err, ret,
			    "the Unix socket %u: more connections wait for it than may; raise "
			    "net.core.somaxconn",
			    m->peer->file->id);
	return ret;
}

/* A connection whose client has gone while it waited. */
static int pending_gone(struct hub_run *h, const struct unix_make *listener)
{
	struct call c = { .to = &h->at };
	int ret = hub_listen(h, peer_cred(listener), BACKLOG_NOW);

	if (ret)
		return ret;
	c.fd = socket(AF_UNIX, (int)listener->e->type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c.fd < 0)
		return -errno;
	ret = connect_run(&c);
	close(c.fd);
	return ret;
}

/* In the order that they came in, as far as it is known. */
static int waiting_make(struct hub_run *h, struct unix_make *l)
{
	int ret = 0;

	for (size_t i = 0; l->x && i < l->x->n_waiting && !ret; i++) {
		struct unix_make *m = unix_make_find(h->b, l->x->waiting[i]);

		if (!l->x->waiting[i])
			ret = pending_gone(h, l);
		else if (m && is_pending(m) && m->peer == l && m->fd < 0)
			ret = pending_make(h, m);
	}
	/* CRIU's images have no order */
	for (struct unix_make *m = l->pending; m && !ret; m = m->next_pending)
		if (m->fd < 0 && is_pending(m))
			ret = pending_make(h, m);
	return ret;
}

/* A client whose server is there, but not what the server had accepted of it. */
static int let_go_make(struct hub_run *h, struct unix_make *m)
{
	int ret = plain_make(h->b, m);

	if (!ret)
		ret = hub_listen(h, peer_cred(m), BACKLOG_NOW);
	return ret ? ret : meet(h->fd, &h->at, m->fd, NULL, &m->sink_fd);
}

/* A listener for the moment, for connections whose server listens no more. */
static int hub_open(struct hub_run *h, struct unix_make *hub)
{
	int ret;

	if (hub->listener) {
		ret = hub->listener->fd < 0 ? plain_make(h->b, hub->listener) : 0;
		h->fd = hub->listener->fd;
	} else {
		h->fd = socket(AF_UNIX, (int)hub->e->type | SOCK_CLOEXEC, 0);
		if (h->fd < 0)
			return -errno;
		ret = unix_name_bind(h->b, hub->e, hub->file->id, h->fd);
	}
	return ret ? ret : unix_name_address(h->b, hub->e, h->fd, &h->at);
}

/* One who has the name: the listener, or one that it accepted. */
static int hub_each(struct hub_run *h, struct unix_make *hub)
{
	int ret = 0;

	for (struct unix_make *m = hub; m && !ret; m = m->next_named) {
		if (m->fd < 0 && m->e->state == UNIX_ESTABLISHED &&
		    (is_gone(m) || (m->peer && pair_accepted(m, m->peer) == m)))
			ret = accepted_make(h, m);
	}
	for (struct unix_make *m = hub->listener ? hub->listener->pending : NULL; m && !ret;
	     m = m->next_pending)
		if (m->fd < 0 && !is_pending(m))
			ret = let_go_make(h, m);
	if (!ret && hub->listener)
		ret = waiting_make(h, hub->listener);
	return ret;
}

static int hub_make(struct unix_build *b, struct unix_make *hub)
{
	struct hub_run h = { .b = b, .fd = -1, .at = { .path_fd = -1 } };
	int ret = hub_open(&h, hub);

	if (!ret)
		ret = hub_each(&h, hub);
	if (h.fd >= 0 && !hub->listener)
		close(h.fd);
	unix_address_close(&h.at);
	return ret;
}

/* A listener of each name that has one; all are there before anything connects. */
static bool hub_needed(const struct unix_make *m)
{
	if (m->hub != m || !is_stream(m))
		return false;
	if (m->listener || m->nr_named > 1)
		return true;
	return m->peer && !is_pending(m) && pair_accepted((struct unix_make *)m, m->peer) == m;
}

/* Its peer had a name: so this was a client, and a server of that name accepted it. */
static int gone_client(struct unix_build *b, struct unix_make *m)
{
	struct call c = { .backlog = 1 };
	struct unix_address at = { .path_fd = -1 };
	int ret;

	c.fd = socket(AF_UNIX, (int)m->e->type | SOCK_CLOEXEC, 0);
	if (c.fd < 0)
		return -errno;
	ret = unix_name_bind_gone(b, &m->x->peer_name, c.fd);
	if (!ret)
		ret = plain_make(b, m);
	if (!ret)
		ret = unix_run_as(peer_cred(m), listen_run, &c);
	if (!ret)
		ret = unix_name_address(b, NULL, c.fd, &at);
	if (!ret)
		ret = meet(c.fd, &at, m->fd, NULL, &m->sink_fd);
	unix_address_close(&at);
	close(c.fd);
	return ret;
}

static int gone_make(struct unix_build *b, struct unix_make *m)
{
	int fds[2], ret = -EADDRINUSE;

	if (m->x && m->x->has_peer_name && m->x->peer_name.len)
		ret = gone_client(b, m);
	/* the name is somebody else's now: without it, then */
	if (ret != -EADDRINUSE || m->fd >= 0)
		return ret;
	ret = unix_pair_new(b, m, fds);
	if (ret)
		return ret;
	m->fd = fds[0];
	m->sink_fd = fds[1];
	ret = sockopt_restore_first(b->r, m->file->id, m->fd, m->e->opts);
	return ret ? ret : name_own(b, m);
}

/* To a server outside of the tree, which sees a new connection. */
static int outside_make(struct unix_build *b, struct unix_make *m)
{
	struct unix_address at = { .addr.sun_family = AF_UNIX, .path_fd = -1 };
	struct call c = { .to = &at };
	int ret = plain_make(b, m);

	c.fd = m->fd;
	if (ret)
		return ret;
	at.len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + m->outside->name.len);
	at.len = at.len < sizeof(at.addr) ? at.len : sizeof(at.addr);
	memcpy(at.addr.sun_path, m->outside->name.data,
	       at.len - offsetof(struct sockaddr_un, sun_path));
	ret = connect_run(&c);
	return ret ? fail_errno(b->r->ctx.err, ret,
				"the Unix socket %u: connecting again to %s%.*s, which is outside "
				"of the tree", m->file->id, *at.addr.sun_path ? "" : "@",
				(int)sizeof(at.addr.sun_path) - 1,
				at.addr.sun_path + !*at.addr.sun_path) :
		     0;
}

static int stream_make(struct unix_build *b, struct unix_make *m)
{
	if (m->outside)
		return outside_make(b, m);
	if (is_gone(m))
		return gone_make(b, m);
	return m->peer ? pair_make(b, m) : plain_make(b, m);
}

/* Listeners end up with their own credentials and backlog. */
static int listener_end(struct unix_make *m)
{
	struct call c = { .fd = m->fd, .backlog = (int)m->e->backlog };

	return unix_run_as(peer_cred(m), listen_run, &c);
}

int unix_streams_make(struct unix_build *b)
{
	int ret = 0;

	for (size_t i = 0; i < b->nr && !ret; i++)
		if (hub_needed(&b->items[i]))
			ret = hub_make(b, &b->items[i]);
	for (size_t i = 0; i < b->nr && !ret; i++)
		if (is_stream(&b->items[i]) && b->items[i].fd < 0)
			ret = stream_make(b, &b->items[i]);
	for (size_t i = 0; i < b->nr && !ret; i++)
		if (b->items[i].e->state == UNIX_LISTEN)
			ret = listener_end(&b->items[i]);
	return ret;
}
