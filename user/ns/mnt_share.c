// SPDX-License-Identifier: GPL-2.0
/*
 * Which mounts of a tree share what is mounted in them: peer groups, slaves of one, and
 * unbindable mounts. A mount takes over the group of another (MOVE_MOUNT_SET_GROUP, Linux
 * 5.15) that shows at least as much of the file system; before, and where none does, it
 * gets a group of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/path.h"
#include "ns/mnt.h"
#include "ns/ns.h"

#ifndef MOVE_MOUNT_SET_GROUP
#define MOVE_MOUNT_SET_GROUP 0x00000100
#endif

/* By how much they show, the most first. */
static int mnt_compare(const void *a, const void *b)
{
	const struct mnt *const *x = a, *const *y = b;
	size_t len_x = strlen((*x)->e->root), len_y = strlen((*y)->e->root);

	return len_x < len_y ? -1 : len_x > len_y;
}

static int share_set(struct restore *r, const struct mnt *m, unsigned long how)
{
	struct mount_attr attr = { .propagation = how };

	if (!syscall(SYS_mount_setattr, m->at_fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)))
		return 0;
	/* before Linux 5.12 only what lies on top can be told */
	if (errno == ENOSYS && !mount(NULL, m->e->mountpoint, NULL, how, NULL))
		return 0;
	return fail_errno(r->ctx.err, -errno, "sharing the mount %s", m->e->mountpoint);
}

/* A mount of the group @id that has its place in it, and shows all that @m does. */
static const struct mnt *group_find(const struct mnt_tree *t, const struct mnt *m, uint32_t id,
				    bool *ret_known)
{
	*ret_known = false;
	array_for_each(&t->mounts, o) {
		if (o == m || !id || o->e->shared_id != id)
			continue;
		*ret_known = true;
		if (o->grouped && o->e->root_dev == m->e->root_dev &&
		    path_below(m->e->root, o->e->root))
			return o;
	}
	return NULL;
}

static bool group_join(const struct mnt *m, const struct mnt *of)
{
	if (!syscall(SYS_move_mount, of->at_fd, "", m->at_fd, "",
		     MOVE_MOUNT_SET_GROUP | MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH))
		return true;
	log_warn("the mount %s cannot share with %s: %s, continuing without", m->e->mountpoint,
		 of->e->mountpoint, strerror(errno));
	return false;
}

/* *ret_progress when it is decided. */
static int mnt_group(struct restore *r, struct mnt_tree *t, struct mnt *m, bool last,
		     bool *ret_progress)
{
	bool know_peer, know_master;
	const struct mnt *peer = group_find(t, m, m->e->shared_id, &know_peer);
	const struct mnt *master = group_find(t, m, m->e->master_id, &know_master);
	int ret = 0;

	if (know_master && !master && !peer && !last)
		return 0;
	m->grouped = *ret_progress = true;
	if (m->outer_peer || (peer && group_join(m, peer)))
		return 0;
	if (master && group_join(m, master))
		ret = share_set(r, m, MS_SLAVE);
	if (!ret && m->e->shared_id)
		ret = share_set(r, m, MS_SHARED);
	if (!ret && m->e->flags & MS_UNBINDABLE)
		ret = share_set(r, m, MS_UNBINDABLE);
	return ret;
}

/* Only once all are there, so that none is copied to where it was not. */
int mnt_share(struct restore *r, struct mnt_tree *t)
{
	auto_free struct mnt **order = calloc(t->mounts.nr, sizeof(*order));
	bool progress = true, last = false;
	size_t nr = 0;
	int ret = 0;

	if (!order)
		return fail_errno(r->ctx.err, -ENOMEM, "mounts");
	array_for_each(&t->mounts, m) {
		if (m->at_fd >= 0)
			order[nr++] = m;
	}
	qsort(order, nr, sizeof(*order), mnt_compare);
	while ((progress || !last) && !ret) {
		last = !progress;
		progress = false;
		for (size_t i = 0; i < nr && !ret; i++)
			if (!order[i]->grouped)
				ret = mnt_group(r, t, order[i], last, &progress);
	}
	for (size_t i = 0; i < nr; i++) {
		close(order[i]->at_fd);
		order[i]->at_fd = -1;
	}
	return ret;
}
