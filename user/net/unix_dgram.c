// SPDX-License-Identifier: GPL-2.0
/*
 * Datagram sockets: whom each is connected to, many to one and one-way. A socket that
 * is connected takes nothing from others and lets none connect (unix_may_send), and
 * loses its queue when it is connected anew (unix_dgram_disconnected): so queues are
 * filled first, and a socket is connected once all are that are connected to it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "net/unix.h"

static bool is_dgram(const struct unix_make *m)
{
	return m->e->type == SOCK_DGRAM;
}

static bool is_gone(const struct unix_make *m)
{
	return m->x && m->x->has_gone && m->x->gone && !m->e->peer;
}

static bool gone_has_name(const struct unix_make *m)
{
	return m->x->has_peer_name && m->x->peer_name.len;
}

static bool has_packets(const struct unix_build *b, const struct unix_make *m)
{
	size_t nr;

	(void)unix_packets_of(b->r, m->file->id, &nr);
	return nr > 0;
}

/* Others than its own peer are connected to it. */
static bool has_others(const struct unix_make *m)
{
	return m->nr_in > (m->peer && m->peer->peer == m);
}

/* Made by socketpair(2): connected to each other, or at first, as one without a name must have
 * been. */
static bool is_pair(const struct unix_make *m)
{
	const struct unix_make *p = m->peer;

	if (!p || p == m)
		return false;
	if (p->peer == m)
		return !has_others(m) && !has_others(p);
	return !p->e->name.len && p->fd < 0;
}

static int name_own(struct unix_build *b, struct unix_make *m)
{
	return m->e->name.len ? unix_name_bind(b, m->e, m->file->id, m->fd) : 0;
}

static int pair_make(struct unix_build *b, struct unix_make *m)
{
	int fds[2], ret = unix_pair_new(b, m, fds);

	if (ret)
		return ret;
	m->fd = fds[0];
	m->peer->fd = fds[1];
	m->connected = true;
	m->peer->connected = m->peer->peer == m;
	ret = sockopt_restore_first(b->r, m->file->id, m->fd, m->e->opts);
	if (!ret)
		ret = sockopt_restore_first(b->r, m->peer->file->id, fds[1], m->peer->e->opts);
	if (!ret)
		ret = name_own(b, m);
	return ret ? ret : name_own(b, m->peer);
}

/* One whose other end is gone, or was another image's: something must send to it. */
static int sink_make(struct unix_build *b, struct unix_make *m)
{
	int fds[2], ret = unix_pair_new(b, m, fds);

	if (ret)
		return ret;
	m->fd = fds[0];
	m->sink_fd = fds[1];
	m->connected = true;
	ret = sockopt_restore_first(b->r, m->file->id, m->fd, m->e->opts);
	return ret ? ret : name_own(b, m);
}

static bool needs_sink(const struct unix_build *b, const struct unix_make *m)
{
	if (is_gone(m) && !gone_has_name(m) && !m->nr_in)
		return true;
	return !m->e->name.len && !m->peer && !m->outside && has_packets(b, m);
}

int unix_dgrams_make(struct unix_build *b)
{
	int ret = 0;

	for (size_t i = 0; i < b->nr; i++)
		if (is_dgram(&b->items[i]) && b->items[i].peer)
			b->items[i].peer->nr_in++;
	for (size_t i = 0; i < b->nr && !ret; i++)
		if (is_dgram(&b->items[i]) && b->items[i].fd < 0 && is_pair(&b->items[i]))
			ret = pair_make(b, &b->items[i]);
	for (size_t i = 0; i < b->nr && !ret; i++) {
		struct unix_make *m = &b->items[i];

		if (!is_dgram(m) || m->fd >= 0)
			continue;
		if (needs_sink(b, m)) {
			ret = sink_make(b, m);
			continue;
		}
		ret = unix_socket_new(b, m);
		if (!ret)
			ret = name_own(b, m);
	}
	return ret;
}

/* Through the one that it is connected to, or from nobody in particular to its name. */
static int dgram_fill(struct unix_build *b, struct unix_make *m)
{
	struct unix_address to = { .path_fd = -1 };
	int fd, ret;

	if (!has_packets(b, m))
		return 0;
	if (m->sink_fd >= 0)
		return unix_queue_fill(b, m, m->sink_fd, NULL);
	if (m->connected)
		return unix_queue_fill(b, m, m->peer->fd, NULL);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	ret = unix_name_address(b, m->e, m->fd, &to);
	if (!ret)
		ret = unix_queue_fill(b, m, fd, &to);
	unix_address_close(&to);
	close(fd);
	return ret;
}

static int connect_to(struct unix_make *m, const struct unix_address *to)
{
	m->connected = true;
	return connect(m->fd, (const struct sockaddr *)&to->addr, to->len) ? -errno : 0;
}

/* A peer that goes again at once. */
static int gone_connect(struct unix_build *b, struct unix_make *m)
{
	auto_close int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	sa_family_t any = AF_UNIX;
	struct unix_address to;
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (gone_has_name(m))
		ret = unix_name_bind_gone(b, &m->x->peer_name, fd);
	if (!gone_has_name(m) || ret == -EADDRINUSE)
		ret = bind(fd, (struct sockaddr *)&any, sizeof(any)) ? -errno : 0;
	if (!ret)
		ret = unix_name_address(b, NULL, fd, &to);
	if (ret)
		return ret;
	ret = connect_to(m, &to);
	unix_address_close(&to);
	return ret;
}

static int outside_connect(struct unix_build *b, struct unix_make *m)
{
	struct unix_address to = { .addr.sun_family = AF_UNIX, .path_fd = -1 };
	const ProtobufCBinaryData *name = &m->outside->name;
	size_t len = name->len < sizeof(to.addr.sun_path) ? name->len : sizeof(to.addr.sun_path);
	int ret;

	memcpy(to.addr.sun_path, name->data, len);
	to.len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	ret = connect_to(m, &to);
	return ret ? fail_errno(b->r->ctx.err, ret,
				"the Unix socket %u: connecting again to %s%.*s, which is outside "
				"of the tree", m->file->id, *to.addr.sun_path ? "" : "@",
				(int)sizeof(to.addr.sun_path) - 1,
				to.addr.sun_path + !*to.addr.sun_path) :
		     0;
}

static int edge_connect(struct unix_build *b, struct unix_make *m)
{
	struct unix_address to;
	int ret;

	if (m->connected)
		return 0;
	if (m->outside)
		return outside_connect(b, m);
	if (!m->peer)
		return is_gone(m) ? gone_connect(b, m) : 0;
	ret = unix_name_address(b, m->peer->e, m->peer->fd, &to);
	if (ret)
		return ret;
	ret = connect_to(m, &to);
	unix_address_close(&to);
	return ret;
}

/* One whose partner went on to another: it is disconnected, or it will be connected anew. */
static int half_end(struct unix_make *m)
{
	struct unix_make *p = m->peer;
	struct sockaddr none = { .sa_family = AF_UNSPEC };
	socklen_t len = sizeof(int);
	int error;

	if (!m->connected || !p || p->peer == m || p->connected)
		return 0;
	if (connect(p->fd, &none, sizeof(none)))
		return -errno;
	/* which the other would be told of */
	(void)getsockopt(m->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	return 0;
}

static int edges_connect(struct unix_build *b)
{
	auto_free struct unix_make **work = calloc(b->nr + 1, sizeof(*work));
	size_t nr = 0;
	int ret = 0;

	if (!work)
		return -ENOMEM;
	for (size_t i = 0; i < b->nr; i++)
		if (is_dgram(&b->items[i]) && !b->items[i].nr_in)
			work[nr++] = &b->items[i];
	for (size_t i = 0; i < nr && !ret; i++) {
		ret = edge_connect(b, work[i]);
		if (work[i]->peer && !--work[i]->peer->nr_in)
			work[nr++] = work[i]->peer;
	}
	/* the rest goes in circles: each to itself, or two to each other */
	for (size_t i = 0; i < b->nr && !ret; i++)
		if (is_dgram(&b->items[i]))
			ret = edge_connect(b, &b->items[i]);
	return ret;
}

int unix_dgrams_connect(struct unix_build *b)
{
	int ret = 0;

	for (size_t i = 0; i < b->nr && !ret; i++)
		if (is_dgram(&b->items[i]))
			ret = half_end(&b->items[i]);
	for (size_t i = 0; i < b->nr && !ret; i++)
		if (is_dgram(&b->items[i]))
			ret = dgram_fill(b, &b->items[i]);
	return ret ? ret : edges_connect(b);
}
