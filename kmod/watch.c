// SPDX-License-Identifier: GPL-2.0
/*
 * What an inotify or fanotify descriptor watches. /proc/PID/fdinfo names inodes, and on
 * overlayfs the wrong ones up to 6.11; here is the path in the file system and, where
 * one can be opened again, a handle. A mark has no mount: which of those that the task
 * sees is for user space to choose. An inode that left the cache of names has no path.
 */
#include <linux/dcache.h>
#include <linux/fanotify.h>
#include <linux/file.h>
#include <linux/inotify.h>
#include <linux/kdev_t.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "kmod/compat/btf.h"
#include "kmod/compat/fsnotify.h"
#include "kmod/kmod.h"

#define HANDLE_WORDS (MAX_HANDLE_SZ / 4)
#ifndef MAX_HANDLE_SZ
#define MAX_HANDLE_SZ 128
#endif
#define HELD_MAX 128

struct watches {
	struct session *session;
	struct fsnotify_group *group;
	bool inotify;
	char *path;		/* PATH_MAX bytes */
	/* let go once the lock is dropped: to be the last takes marks away */
	struct inode *held[HELD_MAX];
	u32 nr_held;
};

/* 6.0 has the first flag of its own, 5.19 the next two, in place of bits of the mask. */
static void mark_flags(const struct watches *w, const struct fsnotify_mark *mark,
		       struct crctl_watch *r)
{
	r->mask = mark->mask;
	r->ignored = mark->ignore_mask;
	if (w->inotify)
		r->mask &= IN_ALL_EVENTS | IN_EXCL_UNLINK | IN_ONESHOT;
#ifdef FSNOTIFY_MARK_FLAG_EXCL_UNLINK
	if (mark->flags & FSNOTIFY_MARK_FLAG_EXCL_UNLINK)
		r->mask |= IN_EXCL_UNLINK;
	if (mark->flags & FSNOTIFY_MARK_FLAG_IN_ONESHOT)
		r->mask |= IN_ONESHOT;
#endif
	if (mark->flags & FSNOTIFY_MARK_FLAG_IGNORED_SURV_MODIFY)
		r->mark_flags |= FAN_MARK_IGNORED_SURV_MODIFY;
#ifdef FSNOTIFY_MARK_FLAG_NO_IREF
	if (mark->flags & FSNOTIFY_MARK_FLAG_NO_IREF)
		r->mark_flags |= FAN_MARK_EVICTABLE;
#endif
#ifdef FSNOTIFY_MARK_FLAG_HAS_IGNORE_FLAGS
	if (mark->flags & FSNOTIFY_MARK_FLAG_HAS_IGNORE_FLAGS)
		r->mark_flags |= FAN_MARK_IGNORE;
#endif
}

/* The inode, held; NULL: the mark is on something else, or it is gone. */
static struct inode *mark_inode(const struct fsnotify_mark *mark, struct crctl_watch *r)
{
	struct fsnotify_mark_connector *conn = READ_ONCE(mark->connector);
	struct super_block *sb;
	struct inode *inode;

	if (!conn)
		return NULL;
	spin_lock(&conn->lock);
	inode = conn_inode(conn);
	if (inode)
		inode = igrab(inode);
	sb = inode ? inode->i_sb : conn_sb(conn);
	if (conn->type == FSNOTIFY_OBJ_TYPE_VFSMOUNT)
		r->type = CRCTL_WATCH_ON_MOUNT;
	else if (conn->type == FSNOTIFY_OBJ_TYPE_SB)
		r->type = CRCTL_WATCH_ON_FS;
	if (sb) {
		r->dev_major = MAJOR(sb->s_dev);
		r->dev_minor = MINOR(sb->s_dev);
		r->fs_magic = sb->s_magic;
		if (!strcmp(sb->s_type->name, "overlay"))
			r->has |= CRCTL_WATCH_OVERLAY;
	}
	spin_unlock(&conn->lock);
	return inode;
}

static void watch_path(struct list *l, struct watches *w, struct inode *inode,
		       struct crctl_watch *r)
{
	struct dentry *alias = d_find_alias(inode);
	char *text;

	if (!alias)
		alias = d_find_any_alias(inode);
	if (!alias)
		return;
	text = dentry_path_raw(alias, w->path, PATH_MAX);
	if (!IS_ERR(text)) {
		r->has |= CRCTL_WATCH_HAS_PATH;
		if (d_unlinked(alias))
			r->has |= CRCTL_WATCH_DELETED;
		list_text(l, text, &r->path_at, &r->path_len);
	}
	dput(alias);
}

static void watch_handle(struct list *l, struct inode *inode, struct crctl_watch *r)
{
	u32 handle[HANDLE_WORDS] = { 0 };
	int words = HANDLE_WORDS, type;

	type = inode_handle(inode, (struct fid *)handle, &words);
	if (type < 0 || type == FILEID_INVALID || words > HANDLE_WORDS)
		return;
	r->has |= CRCTL_WATCH_HAS_HANDLE;
	r->handle_type = type;
	list_bytes(l, handle, words * 4, &r->handle_at, &r->handle_len);
}

static void watch_inode(struct list *l, struct watches *w, struct inode *inode,
			struct crctl_watch *r)
{
	r->inode_ino = inode->i_ino;
	r->ino = r->has & CRCTL_WATCH_OVERLAY ? 0 : inode->i_ino;
	r->inode_id = session_identity(w->session, inode);
	r->mode = inode->i_mode;
	r->nlink = inode->i_nlink;
	watch_handle(l, inode, r);
	watch_path(l, w, inode, r);
}

static s32 mark_wd(const struct fsnotify_mark *mark)
{
	const char *inotify_mark = (const char *)mark - btf_offset(BTF_INOTIFY_MARK);

	return READ_ONCE(*(const int *)(inotify_mark + btf_offset(BTF_INOTIFY_WD)));
}

static bool watch_record(struct list *l, struct watches *w, struct fsnotify_mark *mark, u64 next)
{
	struct crctl_watch *r = list_record(l);
	struct inode *inode;

	if (!r)
		return false;
	if (w->inotify)
		r->wd = mark_wd(mark);
	r->mnt_id = -1;
	mark_flags(w, mark, r);
	inode = mark_inode(mark, r);
	if (inode) {
		w->held[w->nr_held++] = inode;
		watch_inode(l, w, inode, r);
	}
	return list_commit(l, next);
}

static void marks_record(struct list *l, struct watches *w)
{
	struct fsnotify_mark *mark;
	u64 at = 0;

	list_for_each_entry(mark, &w->group->marks_list, g_list) {
		if (at++ < l->cursor)
			continue;
		if (w->nr_held == HELD_MAX || !watch_record(l, w, mark, at))
			return;
	}
	l->cursor = CRCTL_CURSOR_END;
}

/* Memory that is wanted under the lock must not be had by letting go of watched inodes. */
static int watches_fill(struct list *l, void *ctx)
{
	struct watches *w = ctx;
	unsigned int nofs;

	if (mutex_lock_killable(&w->group->mark_mutex))
		return -EINTR;
	nofs = memalloc_nofs_save();
	marks_record(l, w);
	memalloc_nofs_restore(nofs);
	mutex_unlock(&w->group->mark_mutex);
	while (w->nr_held)
		iput(w->held[--w->nr_held]);
	return 0;
}

bool watch_works(void)
{
	return btf_has(BTF_INOTIFY_MARK, BTF_INOTIFY_WD);
}

static int watches_answer(struct session *s, struct crctl_list *list, struct file *file, u32 kind)
{
	struct watches *w = kzalloc(sizeof(*w), GFP_KERNEL_ACCOUNT);
	int ret = -ENOMEM;

	if (!w)
		return ret;
	w->session = s;
	w->group = file->private_data;
	w->inotify = kind == CRCTL_FILE_IS_INOTIFY;
	w->path = kmalloc(PATH_MAX, GFP_KERNEL_ACCOUNT);
	if (w->path)
		ret = list_answer(list, sizeof(struct crctl_watch), watches_fill, w);
	kfree(w->path);
	kfree(w);
	return ret;
}

int watch_list(struct session *s, void *arg)
{
	struct crctl_list *list = arg;
	struct file *file;
	struct target t;
	u32 kind;
	int ret = target_get(list->pid, &t);

	if (ret)
		return ret;
	ret = file_get(&t, list->fd, &file, &kind);
	if (!ret) {
		if (kind == CRCTL_FILE_IS_INOTIFY || kind == CRCTL_FILE_IS_FANOTIFY)
			ret = watches_answer(s, list, file, kind);
		else
			ret = -EINVAL;
		fput(file);
	}
	target_put(&t);
	return ret;
}
