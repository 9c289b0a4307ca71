// SPDX-License-Identifier: GPL-2.0
/* Every Unix socket of the namespace, as sock_diag lists them once a dump. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kapi/netlink.h"
#include "kapi/peek_guard.h"
#include "kapi/sys.h"
#include "net/unix.h"

#define NR_TRIES 20 /* the list may change while it is read: others are not stopped */

static struct unix_socket *socket_new(const struct diag_unix *sk)
{
	struct unix_socket *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->ino = sk->ino;
	s->type = sk->type;
	s->state = sk->state;
	s->shutdown = sk->shutdown;
	s->has_peer = sk->has_peer;
	s->peer = sk->peer;
	s->file_dev = sk->file_dev;
	s->file_ino = sk->file_ino;
	s->queue_len = sk->queue_len;
	s->backlog = sk->backlog;
	s->sndbuf = sk->sndbuf;
	s->rcvbuf = sk->rcvbuf;
	s->name_len = sk->name_len < sizeof(s->name) ? sk->name_len : sizeof(s->name);
	if (s->name_len)
		memcpy(s->name, sk->name, s->name_len);
	if (sk->nr_waiting)
		s->waiting = malloc(sk->nr_waiting * sizeof(*s->waiting));
	if (s->waiting) {
		s->nr_waiting = sk->nr_waiting;
		memcpy(s->waiting, sk->waiting, sk->nr_waiting * sizeof(*s->waiting));
	} else if (sk->nr_waiting) {
		free(s);
		return NULL;
	}
	return s;
}

static int table_grow(struct unix_table *t)
{
	size_t cap = t->cap ? t->cap * 4 : 256;
	struct unix_socket **hash;

	if (t->nr < t->cap)
		return 0;
	hash = calloc(cap, sizeof(struct unix_socket *));
	if (!hash)
		return -ENOMEM;
	for (size_t i = 0; i < t->cap; i++) {
		while (t->hash[i]) {
			struct unix_socket *s = t->hash[i];

			t->hash[i] = s->next;
			s->next = hash[s->ino & (cap - 1)];
			hash[s->ino & (cap - 1)] = s;
		}
	}
	free(t->hash);
	t->hash = hash;
	t->cap = cap;
	return 0;
}

static int table_add(void *arg, const struct diag_unix *sk)
{
	struct unix_table *t = arg;
	struct unix_socket *s, **slot;
	int ret = table_grow(t);

	if (ret)
		return ret;
	s = socket_new(sk);
	if (!s)
		return -ENOMEM;
	if (!s->ino) {
		slot = array_add(&t->embryos);
		if (!slot) {
			free(s->waiting);
			free(s);
			return -ENOMEM;
		}
		*slot = s;
		return 0;
	}
	slot = &t->hash[s->ino & (t->cap - 1)];
	s->next = *slot;
	*slot = s;
	t->nr++;
	return 0;
}

static void table_clear(struct unix_table *t)
{
	for (size_t i = 0; i < t->cap; i++) {
		while (t->hash[i]) {
			struct unix_socket *s = t->hash[i];

			t->hash[i] = s->next;
			array_for_each(&s->messages, m) {
				free(m->data);
				free(m->rights);
			}
			array_free(&s->messages);
			free(s->waiting);
			free(s);
		}
	}
	array_for_each(&t->embryos, e) {
		free((*e)->waiting);
		free(*e);
	}
	array_free(&t->embryos);
	free(t->hash);
	t->hash = NULL;
	t->nr = t->cap = 0;
}

struct unix_socket *unix_socket_find(const struct unix_table *t, uint32_t ino)
{
	struct unix_socket *s = t->cap && ino ? t->hash[ino & (t->cap - 1)] : NULL;

	while (s && s->ino != ino)
		s = s->next;
	return s;
}

int unix_table_begin(struct dump *d)
{
	struct unix_table *t;
	int ret = -EAGAIN;

	if (d->files->unix_sockets)
		return 0;
	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	for (int i = 0; i < NR_TRIES && ret == -EAGAIN; i++) {
		table_clear(t);
		ret = diag_unix_list(table_add, t);
	}
	d->files->unix_sockets = t;
	return ret ? fail_errno(d->ctx.err, ret,
				"listing the Unix sockets (sock_diag; is the module unix_diag "
				"there?)") :
		     0;
}

void unix_table_free(struct unix_table *t)
{
	if (!t)
		return;
	peek_guard_stop(t->guard);
	array_for_each(&t->flying, f)
		if (f->fd >= 0)
			close(f->fd);
	array_free(&t->flying);
	array_free(&t->tree);
	table_clear(t);
	if (t->self) {
		close(t->self->proc_fd);
		close(t->self->pidfd);
		free(t->self);
	}
	free(t->buf);
	free(t);
}
