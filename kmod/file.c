// SPDX-License-Identifier: GPL-2.0
/*
 * The open files of a task: its descriptors, and what exe, cwd and root lead to.
 * What /proc/PID/fd, fdinfo, stat(2) and fcntl(2) tell one at a time, and which
 * are the same open file description, for which user space must ask kcmp(2).
 * The table is held for a batch at a time only, since paths may take long.
 */
#include <linux/dcache.h>
#include <linux/file.h>
#include <linux/fs_struct.h>
#include <linux/kdev_t.h>
#include <linux/kernel.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/pid.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/stat.h>
#include <linux/uidgid.h>

#include "kmod/compat/btf.h"
#include "kmod/compat/fdtable.h"
#include "kmod/compat/filelock.h"
#include "kmod/compat/fs.h"
#include "kmod/compat/sym.h"
#include "kmod/kmod.h"

#define BATCH 128
#define NR_LINKS 3		/* places of exe, cwd and root in front of the descriptors */
#define NR_LOCKS_MAX 64
#define NR_OPS 8

struct open_file {
	struct file *file;
	s32 fd;
	bool cloexec;
};

/* What the operations of a file are called; asked once for each. */
struct ops_name {
	const void *ops;
	char name[48];		/* empty: not told */
};

struct files {
	struct session *session;
	struct target *target;
	u32 flags;
	struct open_file batch[BATCH];
	u32 nr;
	struct ops_name names[NR_OPS];
	u32 next_name;
};

/* Operations, and the name that the inode has, of files that are not in a directory. */
static const struct {
	const char *ops, *name;
	u32 kind;
} anon_kinds[] = {
	{ "eventfd_fops", "[eventfd]", CRCTL_FILE_IS_EVENTFD },
	{ "eventpoll_fops", "[eventpoll]", CRCTL_FILE_IS_EPOLL },
	{ "timerfd_fops", "[timerfd]", CRCTL_FILE_IS_TIMERFD },
	{ "signalfd_fops", "[signalfd]", CRCTL_FILE_IS_SIGNALFD },
	{ "inotify_fops", "inotify", CRCTL_FILE_IS_INOTIFY },
	{ "fanotify_fops", "[fanotify]", CRCTL_FILE_IS_FANOTIFY },
	{ "io_uring_fops", "[io_uring]", CRCTL_FILE_IS_URING },
	{ "userfaultfd_fops", "[userfaultfd]", CRCTL_FILE_IS_UFFD },
	{ "pidfd_fops", "[pidfd]", CRCTL_FILE_IS_PIDFD },
	{ "pidfs_file_operations", "[pidfd]", CRCTL_FILE_IS_PIDFD },
	{ "bpf_map_fops", "bpf-map", CRCTL_FILE_IS_BPF_MAP },
	{ "bpf_prog_fops", "bpf-prog", CRCTL_FILE_IS_BPF_PROG },
	{ "perf_fops", "[perf_event]", CRCTL_FILE_IS_PERF },
};

static const char *ops_name(struct files *f, const void *ops)
{
	struct ops_name *n;
	char *name;
	int i;

	for (i = 0; i < NR_OPS; i++)
		if (f->names[i].ops == ops)
			return f->names[i].name;
	n = &f->names[f->next_name++ % NR_OPS];
	n->ops = ops;
	n->name[0] = 0;
	name = kmalloc(SYM_NAME_LEN, GFP_KERNEL);
	if (name && sym_name(ops, name) && strlen(name) < sizeof(n->name))
		strscpy(n->name, name, sizeof(n->name));
	kfree(name);
	return n->name;
}

static bool dentry_is(const struct dentry *dentry, const char *text, bool whole)
{
	struct name_snapshot name;
	const char *p;
	bool ok;

	take_dentry_name_snapshot(&name, (struct dentry *)dentry);
	p = (const char *)name.name.name;
	ok = whole ? !strcmp(p, text) : !strncmp(p, text, strlen(text));
	release_dentry_name_snapshot(&name);
	return ok;
}

static u32 anon_kind(const struct file *file, const char *ops)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(anon_kinds); i++)
		if (*ops && !strcmp(ops, anon_kinds[i].ops))
			return anon_kinds[i].kind;
	for (i = 0; i < ARRAY_SIZE(anon_kinds); i++)
		if (dentry_is(file->f_path.dentry, anon_kinds[i].name, true))
			return anon_kinds[i].kind;
	return CRCTL_FILE_IS_OTHER;
}

static u32 chr_kind(const char *ops)
{
	if (!strcmp(ops, "ptmx_fops"))
		return CRCTL_FILE_IS_PTMX;
	if (!strcmp(ops, "tty_fops") || !strcmp(ops, "console_fops") ||
	    !strcmp(ops, "hung_up_tty_fops"))
		return CRCTL_FILE_IS_TTY;
	return CRCTL_FILE_IS_CHR;
}

static u32 reg_kind(const struct path *path)
{
	if (path->mnt->mnt_flags & MNT_INTERNAL && dentry_is(path->dentry, "memfd:", false))
		return CRCTL_FILE_IS_MEMFD;
	if (!strcmp(path->dentry->d_sb->s_type->name, "mqueue"))
		return CRCTL_FILE_IS_MQUEUE;
	return CRCTL_FILE_IS_REG;
}

static u32 file_kind(const struct file *file, const char *ops)
{
	const struct inode *inode = file_inode(file);
	const struct super_block *sb = file->f_path.dentry->d_sb;

	if (sb->s_magic == ANON_INODE_FS_MAGIC)
		return anon_kind(file, ops);
	if (sb->s_magic == NSFS_MAGIC)
		return CRCTL_FILE_IS_NS;
	if (!strcmp(sb->s_type->name, "pidfs"))
		return CRCTL_FILE_IS_PIDFD;
	switch (inode->i_mode & S_IFMT) {
	case S_IFREG:
		return reg_kind(&file->f_path);
	case S_IFDIR:
		return CRCTL_FILE_IS_DIR;
	case S_IFCHR:
		return chr_kind(ops);
	case S_IFBLK:
		return CRCTL_FILE_IS_BLK;
	case S_IFIFO:
		return sb->s_magic == PIPEFS_MAGIC ? CRCTL_FILE_IS_PIPE : CRCTL_FILE_IS_FIFO;
	case S_IFSOCK:
		return CRCTL_FILE_IS_SOCK;
	case S_IFLNK:
		return CRCTL_FILE_IS_LNK;
	default:
		return CRCTL_FILE_IS_OTHER;
	}
}

static void file_owner(const struct file *file, struct crctl_file *r)
{
	struct fown_struct *o = file_f_owner(file);

	if (!o)
		return;
	read_lock_irq(&o->lock);
	r->owner_signo = o->signum;
	if (o->pid) {
		r->owner_uid = from_kuid_munged(current_user_ns(), o->uid);
		r->owner_euid = from_kuid_munged(current_user_ns(), o->euid);
		r->owner_type = o->pid_type;
		rcu_read_lock();
		if (pid_task(o->pid, o->pid_type))
			r->owner_pid = pid_vnr(o->pid);
		rcu_read_unlock();
	}
	read_unlock_irq(&o->lock);
}

static u32 locks_count(struct inode *inode)
{
	struct file_lock_context *ctx = locks_inode_context(inode);
	struct list_head *lists[3], *at;
	u32 nr = 0, i;

	if (!ctx)
		return 0;
	lists[0] = &ctx->flc_flock;
	lists[1] = &ctx->flc_posix;
	lists[2] = &ctx->flc_lease;
	spin_lock(&ctx->flc_lock);
	for (i = 0; i < 3; i++)
		for (at = lists[i]->next; at != lists[i] && nr < NR_LOCKS_MAX; at = at->next)
			nr++;
	spin_unlock(&ctx->flc_lock);
	return nr;
}

static void path_stat(const struct path *path, struct crctl_file *r)
{
	struct user_namespace *ns = current_user_ns();
	struct kstat st;

	if (vfs_getattr(path, &st, STATX_BASIC_STATS, AT_STATX_SYNC_AS_STAT))
		return;
	r->has |= CRCTL_FILE_HAS_STAT;
	r->ino = st.ino;
	r->file_len = st.size;
	r->blocks = st.blocks;
	r->blksize = st.blksize;
	r->dev_major = MAJOR(st.dev);
	r->dev_minor = MINOR(st.dev);
	r->rdev_major = MAJOR(st.rdev);
	r->rdev_minor = MINOR(st.rdev);
	r->mode = st.mode;
	r->nlink = st.nlink;
	r->uid = from_kuid_munged(ns, st.uid);
	r->gid = from_kgid_munged(ns, st.gid);
	r->mtime_sec = st.mtime.tv_sec;
	r->mtime_nsec = st.mtime.tv_nsec;
}

static void path_record(struct list *l, struct files *f, const struct path *path,
			struct inode *inode, struct crctl_file *r)
{
	r->mnt_id = btf_mnt_id(path->mnt);
	r->inode_ino = inode->i_ino;
	r->inode_id = session_identity(f->session, inode);
	r->nr_locks = locks_count(inode);
	if (f->flags & CRCTL_FILES_STAT)
		path_stat(path, r);
	if (!list_path(l, path, &r->path_at, &r->path_len))
		r->has |= CRCTL_FILE_HAS_PATH;
}

static bool file_record(struct list *l, struct files *f, const struct open_file *o, u64 next)
{
	struct crctl_file *r = list_record(l);
	const char *ops;

	if (!r)
		return false;
	ops = ops_name(f, o->file->f_op);
	r->fd = o->fd;
	r->kind = file_kind(o->file, ops);
	r->id = session_identity(f->session, o->file);
	r->pos = READ_ONCE(o->file->f_pos);
	r->f_flags = (o->file->f_flags & ~O_CLOEXEC) | (o->cloexec ? O_CLOEXEC : 0);
	file_owner(o->file, r);
	path_record(l, f, &o->file->f_path, file_inode(o->file), r);
	if (*ops) {
		r->has |= CRCTL_FILE_HAS_OPS;
		list_text(l, ops, &r->ops_at, &r->ops_len);
	}
	return list_commit(l, next);
}

/* ---- exe, cwd, root ---- */

static bool link_path(struct files *f, s32 which, struct path *ret_path)
{
	struct target *t = f->target;
	struct file *exe = which == CRCTL_FD_EXE && t->mm ? mm_exe_file_get(t->mm) : NULL;
	bool ok = exe;

	if (exe) {
		*ret_path = exe->f_path;
		path_get(ret_path);
		fput(exe);
	}
	if (which == CRCTL_FD_EXE)
		return ok;
	task_lock(t->task);
	ok = t->task->fs;
	if (ok && which == CRCTL_FD_CWD)
		get_fs_pwd(t->task->fs, ret_path);
	else if (ok)
		get_fs_root(t->task->fs, ret_path);
	task_unlock(t->task);
	return ok;
}

static bool link_record(struct list *l, struct files *f, u64 at)
{
	s32 which = CRCTL_FD_EXE - (s32)at;
	struct crctl_file *r;
	struct path path;
	bool ok;

	if (!link_path(f, which, &path)) {
		l->cursor = at + 1;
		return true;
	}
	r = list_record(l);
	ok = r;
	if (ok) {
		r->fd = which;
		r->kind = which == CRCTL_FD_EXE ? CRCTL_FILE_IS_REG : CRCTL_FILE_IS_DIR;
		path_record(l, f, &path, d_inode(path.dentry), r);
		ok = list_commit(l, at + 1);
	}
	path_put(&path);
	return ok;
}

/* ---- descriptors ---- */

static int batch_add(const void *p, struct file *file, unsigned int fd)
{
	struct files *f = (struct files *)p;
	struct open_file *o = &f->batch[f->nr];

	if (f->nr == BATCH)
		return 1;
	o->file = get_file(file);
	o->fd = fd;
	o->cloexec = fd_close_on_exec(fd, f->target->task->files);
	f->nr++;
	return 0;
}

/* 1: there are more. The lock of the task keeps its table, that of the table its files. */
static int batch_collect(struct files *f, u32 from)
{
	struct task_struct *task = f->target->task;
	int ret = target_lock(f->target);

	if (ret)
		return ret;
	task_lock(task);
	ret = task->files ? iterate_fd(task->files, from, batch_add, f) : -ESRCH;
	task_unlock(task);
	target_unlock(f->target);
	return ret;
}

struct file_wanted {
	s32 fd;
	struct file *file;
};

static int wanted_take(const void *p, struct file *file, unsigned int fd)
{
	struct file_wanted *w = (struct file_wanted *)p;

	if (fd == w->fd)
		w->file = get_file(file);
	return 1;
}

int file_get(const struct target *t, s32 fd, struct file **ret_file, u32 *ret_kind)
{
	struct file_wanted w = { .fd = fd };
	char *name;
	int ret = target_lock(t);

	if (ret)
		return ret;
	task_lock(t->task);
	if (t->task->files && fd >= 0)
		iterate_fd(t->task->files, fd, wanted_take, &w);
	task_unlock(t->task);
	target_unlock(t);
	if (!w.file)
		return -EBADF;
	name = kmalloc(SYM_NAME_LEN, GFP_KERNEL);
	if (!name) {
		fput(w.file);
		return -ENOMEM;
	}
	*ret_kind = file_kind(w.file, sym_name(w.file->f_op, name) ? name : "");
	*ret_file = w.file;
	kfree(name);
	return 0;
}

static int files_fill(struct list *l, void *ctx)
{
	struct files *f = ctx;
	bool fits = true;
	int more = 1;
	u32 i;

	while (l->cursor < NR_LINKS && f->flags & CRCTL_FILES_LINKS)
		if (!link_record(l, f, l->cursor))
			return 0;
	if (l->cursor < NR_LINKS)
		l->cursor = NR_LINKS;
	while (more == 1 && fits) {
		f->nr = 0;
		more = batch_collect(f, l->cursor - NR_LINKS);
		for (i = 0; i < f->nr; i++) {
			fits = fits && file_record(l, f, &f->batch[i],
						   (u64)f->batch[i].fd + 1 + NR_LINKS);
			fput(f->batch[i].file);
		}
	}
	if (!more && fits)
		l->cursor = CRCTL_CURSOR_END;
	return min(more, 0);
}

int file_list(struct session *s, void *arg)
{
	struct crctl_list *list = arg;
	struct target t;
	struct files *f;
	int ret;

	if (list->fd || (list->cursor > INT_MAX && list->cursor != CRCTL_CURSOR_END))
		return -EINVAL;
	ret = list->flags & CRCTL_FILES_LINKS ? target_get_mm(list->pid, &t) :
						target_get(list->pid, &t);
	if (ret)
		return ret;
	f = kzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);
	ret = f ? 0 : -ENOMEM;
	if (f) {
		f->session = s;
		f->target = &t;
		f->flags = list->flags;
		ret = list_answer(list, sizeof(struct crctl_file), files_fill, f);
	}
	kfree(f);
	target_put(&t);
	return ret;
}
