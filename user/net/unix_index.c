// SPDX-License-Identifier: GPL-2.0
/*
 * The Unix sockets of the images by inode and by name, and which of them hang
 * together: peers, those of one name (a server and what it accepted), listeners and
 * who waits, senders of what is queued, and what is in flight.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image/sk_packet.pb-c.h"
#include "net/unix.h"

struct unix_index {
	struct restore_file **by_ino, **by_name;
	size_t nr;
};

static int ino_compare(const void *a, const void *b)
{
	uint32_t x = (*(struct restore_file *const *)a)->entry->usk->ino;
	uint32_t y = (*(struct restore_file *const *)b)->entry->usk->ino;

	return x < y ? -1 : x > y;
}

int unix_name_compare(const UnixSkEntry *x, const UnixSkEntry *y)
{
	int order;

	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	if (x->name.len != y->name.len)
		return x->name.len < y->name.len ? -1 : 1;
	order = x->name.len ? memcmp(x->name.data, y->name.data, x->name.len) : 0;
	if (order)
		return order;
	order = strcmp(x->name_dir ? x->name_dir : "", y->name_dir ? y->name_dir : "");
	return order ? order : (int)x->deleted - (int)y->deleted;
}

static int name_compare(const void *a, const void *b)
{
	const struct restore_file *x = *(struct restore_file *const *)a;
	const struct restore_file *y = *(struct restore_file *const *)b;
	int order = unix_name_compare(x->entry->usk, y->entry->usk);

	return order ? order : x->id < y->id ? -1 : x->id > y->id;
}

static int index_get(struct restore *r, struct unix_index **ret)
{
	struct unix_index *x = r->unix_index;

	if (!x) {
		x = calloc(1, sizeof(*x));
		r->unix_index = x;
		if (!x || !(x->by_ino = calloc(r->nr_files + 1, sizeof(*x->by_ino))) ||
		    !(x->by_name = calloc(r->nr_files + 1, sizeof(*x->by_name))))
			return fail_errno(r->ctx.err, -ENOMEM, "files.img");
		for (size_t i = 0; i < r->nr_files; i++)
			if (r->files[i].entry->usk)
				x->by_ino[x->nr++] = &r->files[i];
		memcpy(x->by_name, x->by_ino, x->nr * sizeof(*x->by_name));
		qsort(x->by_ino, x->nr, sizeof(*x->by_ino), ino_compare);
		qsort(x->by_name, x->nr, sizeof(*x->by_name), name_compare);
	}
	*ret = x;
	return 0;
}

struct restore_file *unix_file_find(struct restore *r, uint32_t ino)
{
	const struct unix_index *x = r->unix_index;
	size_t low = 0, high = x ? x->nr : 0;

	while (low < high) {
		size_t mid = (low + high) / 2;
		uint32_t at = x->by_ino[mid]->entry->usk->ino;

		if (at == ino)
			return x->by_ino[mid];
		if (at < ino)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/* The first of those with the name of @e; NULL: nobody has it. */
static struct restore_file *name_first(const struct unix_index *x, const UnixSkEntry *e)
{
	size_t low = 0, high = x->nr;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (unix_name_compare(x->by_name[mid]->entry->usk, e) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == x->nr || unix_name_compare(x->by_name[low]->entry->usk, e))
		return NULL;
	return x->by_name[low];
}

struct restore_file *unix_named_find(struct restore *r, uint32_t type,
				     const ProtobufCBinaryData *name)
{
	UnixSkEntry e = UNIX_SK_ENTRY__INIT;
	struct restore_file *f;

	e.type = type;
	e.name = *name;
	f = r->unix_index ? name_first(r->unix_index, &e) : NULL;
	return f && !(f->entry->usk->uflags & UNIX_EXTERN) ? f : NULL;
}

static int packet_refs(struct restore *r, const struct restore_packet *p, const CrctlPacket *x,
		       struct file_refs *refs)
{
	struct restore_file *f;
	int ret = 0;

	for (size_t i = 0; i < p->entry->n_scm; i++) {
		const ScmEntry *scm = p->entry->scm[i];

		for (size_t j = 0; j < scm->n_rights && scm->type == SCM_RIGHTS && !ret; j++)
			ret = file_refs_add(refs, scm->rights[j]);
	}
	if (ret || !x || !x->has_sender)
		return ret;
	f = unix_named_find(r, SOCK_DGRAM, &x->sender);
	return f ? file_refs_add(refs, f->id) : 0;
}

int unix_refs(struct restore *r, const struct restore_file *file, struct file_refs *refs)
{
	const UnixSkEntry *e = file->entry->usk;
	const CrctlSocketEntry *extra = socket_extra_find(r, file->id);
	struct restore_file *f;
	struct unix_index *x = NULL;
	size_t nr;
	const struct restore_packet *p = unix_packets_of(r, file->id, &nr);
	int ret = index_get(r, &x);

	if (ret || e->uflags & UNIX_EXTERN)
		return ret;
	f = e->peer ? unix_file_find(r, e->peer) : NULL;
	if (e->peer && !f)
		return fail(r->ctx.err, -EINVAL,
			    "files.img: the Unix socket %u has peer %u, which is not there",
			    file->id, e->peer);
	if (f && !(f->entry->usk->uflags & UNIX_EXTERN))
		ret = file_refs_add(refs, f->id);
	f = e->name.len ? name_first(x, e) : NULL;
	if (!ret && f && f != file && !(f->entry->usk->uflags & UNIX_EXTERN))
		ret = file_refs_add(refs, f->id);
	f = extra && extra->has_peer_name ? unix_named_find(r, e->type, &extra->peer_name) : NULL;
	if (!ret && f)
		ret = file_refs_add(refs, f->id);
	for (size_t i = 0; i < nr && !ret; i++)
		ret = packet_refs(r, &p[i],
				  extra && i < extra->n_packets ? extra->packets[i] : NULL, refs);
	return ret;
}

static bool cred_is_other(const CrctlUcred *c, const struct restore_task *maker)
{
	return c && c->pid && c->pid != maker->pid;
}

bool unix_before_tasks(struct restore *r, const struct restore_file *file,
		       const struct restore_task *maker)
{
	const CrctlSocketEntry *x = socket_extra_find(r, file->id);

	if (!x)
		return false;
	for (size_t i = 0; i < x->n_packets; i++)
		if (cred_is_other(x->packets[i]->cred, maker))
			return true;
	return cred_is_other(x->peer, maker) || cred_is_other(x->self, maker);
}

const struct restore_packet *unix_packets_of(const struct restore *r, uint32_t id, size_t *ret_nr)
{
	size_t low = 0, high = r->packets.nr, end;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (r->packets.items[mid].id_for < id)
			low = mid + 1;
		else
			high = mid;
	}
	for (end = low; end < r->packets.nr && r->packets.items[end].id_for == id; end++)
		;
	*ret_nr = end - low;
	return r->packets.items + low;
}
