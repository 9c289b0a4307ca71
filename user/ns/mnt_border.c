// SPDX-License-Identifier: GPL-2.0
/*
 * Mounts of a tree that come from outside of it: where they are in crctl's own mount
 * namespace (--external mnt[]), and with whom there they share mounts. The numbers of
 * peer groups in /proc/PID/mountinfo are the kernel's, one for all namespaces.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "ns/mnt.h"
#include "ns/ns.h"

/* ---- dump ---- */

static int host_lines(struct dump *d, struct mnt_view *v)
{
	char path[64];
	int ret;

	if (v->host_read)
		return 0;
	/* opened anew it is still crctl's, though it lies in no /proc of ours */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", d->ns->host_mountinfo_fd);
	ret = mnt_lines_read(path, &v->host);
	v->host_read = !ret;
	return ret;
}

int mnt_host_path(struct dump *d, struct mnt_view *v, const struct mnt_line *l, char *path,
		  size_t size)
{
	int ret = host_lines(d, v);

	return ret ? ret : mnt_lines_path(&v->host, l, path, size);
}

bool mnt_shared_outside(struct dump *d, struct mnt_view *v, const struct mnt_line *l)
{
	if (!l->shared_id || host_lines(d, v))
		return false;
	array_for_each(&v->host.items, o) {
		if (o->shared_id == l->shared_id)
			return true;
	}
	return false;
}

static bool slave_of_outside(const struct mnt_view *v, const struct mnt_line *l)
{
	bool slave = l->master_id;

	array_for_each(&v->tree.items, o)
		slave &= o->shared_id != l->master_id;
	return slave;
}

bool mnt_reaches_out(struct dump *d, struct mnt_view *v, const struct mnt_line *l)
{
	return (d->ctx.mnt_sharing && mnt_shared_outside(d, v, l)) ||
	       (d->ctx.mnt_masters && slave_of_outside(v, l));
}

int mnt_check_border(struct dump *d, struct mnt_view *v, const struct mnt_line *l,
		     enum mnt_origin origin)
{
	bool peer = mnt_shared_outside(d, v, l), slave = slave_of_outside(v, l);

	if (origin == MNT_FOUND && peer && !d->ctx.mnt_sharing)
		return dump_refuse(d, "the mount %s is shared with one outside of the tree; allow "
				   "that with --enable-external-sharing, or name the mount with "
				   "--external mnt[%s]:NAME", l->mountpoint, l->mountpoint);
	if (origin == MNT_FOUND && slave && !d->ctx.mnt_masters)
		return dump_refuse(d,
				   "the mount %s gets new mounts from outside of the tree (it is "
				   "a slave); allow that with --enable-external-masters, or name "
				   "the mount with --external mnt[%s]:NAME",
				   l->mountpoint, l->mountpoint);
	if (origin == MNT_FOUND || origin == MNT_NAMED)
		return 0;
	if (peer)
		log_warn("the mount %s is shared with one outside of the tree; restored, it is "
			 "not, continuing", l->mountpoint);
	else if (slave && origin != MNT_ROOT)
		log_warn("the mount %s gets new mounts from outside of the tree (it is a slave); "
			 "restored, it does not, continuing", l->mountpoint);
	return 0;
}

/* ---- restore ---- */

int mnt_share_outside(struct restore *r, const struct mnt *m, const char *at)
{
	if (!m->outer_peer &&
	    mount(NULL, at, NULL, m->outer_master ? MS_SLAVE : MS_PRIVATE, NULL))
		return fail_errno(r->ctx.err, -errno, "what the mount %s shares with its source",
				  m->e->mountpoint);
	return 0;
}
