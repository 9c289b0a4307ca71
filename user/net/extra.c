// SPDX-License-Identifier: GPL-2.0
/* crctl-sockets: what sockets have that the ecosystem's format has no room for. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image/image.h"
#include "net/net.h"

/* ---- dump ---- */

int socket_extra(struct dump *d, uint32_t id, CrctlSocketEntry **slot)
{
	CrctlSocketEntry **listed, *e;

	if (*slot)
		return 0;
	e = calloc(1, sizeof(*e));
	listed = e ? array_add(&d->files->sockets) : NULL;
	if (!listed) {
		free(e);
		return -ENOMEM;
	}
	crctl_socket_entry__init(e);
	e->id = id;
	*slot = *listed = e;
	return 0;
}

int socket_extra_opt(CrctlSocketEntry *extra, int level, int name, const void *value, size_t len)
{
	CrctlSockopt *o = calloc(1, sizeof(*o)),
		     **opts = o ? reallocarray(extra->opts, extra->n_opts + 1, sizeof(o)) : NULL;

	if (opts)
		extra->opts = opts;
	if (o)
		crctl_sockopt__init(o);
	if (!opts || !(o->value.data = malloc(len + 1))) {
		free(o);
		return -ENOMEM;
	}
	o->level = (uint32_t)level;
	o->name = (uint32_t)name;
	memcpy(o->value.data, value, len);
	o->value.len = len;
	opts[extra->n_opts++] = o;
	return 0;
}

int socket_write_extras(struct dump *d)
{
	struct image_writer *w = NULL;
	int close_ret, ret;

	if (!d->files->sockets.nr)
		return 0;
	ret = image_write_open(d->ctx.images_fd, IMG_CRCTL_SOCKETS, 0, &w);
	for (size_t i = 0; i < d->files->sockets.nr && !ret; i++)
		ret = image_write(w, &d->files->sockets.items[i]->base);
	close_ret = image_write_close(w);
	ret = ret ? ret : close_ret;
	return ret ? fail(d->ctx.err, ret, "%s", image_error()) : 0;
}

/* ---- restore ---- */

/* Sorted by id when they were read. */
const CrctlSocketEntry *socket_extra_find(const struct restore *r, uint32_t id)
{
	size_t low = 0, high = r->sockets.nr;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (r->sockets.items[mid]->id == id)
			return r->sockets.items[mid];
		if (r->sockets.items[mid]->id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}
