// SPDX-License-Identifier: GPL-2.0
/*
 * The memory areas of a task, all in one pass: what /proc/PID/smaps tells without
 * its walk through the page tables, and what would need an open of each
 * /proc/PID/map_files entry. [vsyscall] is of no task and is not told.
 */
#include <linux/dcache.h>
#include <linux/file.h>
#include <linux/kernel.h>
#include <linux/kdev_t.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/slab.h>
#include <linux/stat.h>
#include <linux/userfaultfd_k.h>

#include "kmod/compat/btf.h"
#include "kmod/compat/fs.h"
#include "kmod/compat/mm.h"
#include "kmod/kmod.h"

#define FILES_MAX 64		/* whose stat(2) is asked after the lock is dropped */

struct map_files {
	struct session *session;
	struct mm_struct *mm;
	struct file *files[FILES_MAX];
	u32 nr_files;
	const struct file *named;	/* whose name the record before has */
};

static const struct {
	u64 kernel, told;
} vma_bits[] = {
	{ VM_READ, CRCTL_VMA_READ }, { VM_WRITE, CRCTL_VMA_WRITE },
	{ VM_EXEC, CRCTL_VMA_EXEC }, { VM_SHARED, CRCTL_VMA_SHARED },
	{ VM_MAYREAD, CRCTL_VMA_MAYREAD }, { VM_MAYWRITE, CRCTL_VMA_MAYWRITE },
	{ VM_MAYEXEC, CRCTL_VMA_MAYEXEC }, { VM_MAYSHARE, CRCTL_VMA_MAYSHARE },
	{ VM_GROWSDOWN, CRCTL_VMA_GROWSDOWN }, { VM_PFNMAP, CRCTL_VMA_PFNMAP },
	{ VM_LOCKED, CRCTL_VMA_LOCKED }, { VM_LOCKONFAULT, CRCTL_VMA_LOCKONFAULT },
	{ VM_IO, CRCTL_VMA_IO }, { VM_SEQ_READ, CRCTL_VMA_SEQ_READ },
	{ VM_RAND_READ, CRCTL_VMA_RAND_READ }, { VM_DONTCOPY, CRCTL_VMA_DONTCOPY },
	{ VM_DONTEXPAND, CRCTL_VMA_DONTEXPAND }, { VM_ACCOUNT, CRCTL_VMA_ACCOUNT },
	{ VM_NORESERVE, CRCTL_VMA_NORESERVE }, { VM_HUGETLB, CRCTL_VMA_HUGETLB },
	{ VM_SYNC, CRCTL_VMA_SYNC }, { VM_WIPEONFORK, CRCTL_VMA_WIPEONFORK },
	{ VM_DONTDUMP, CRCTL_VMA_DONTDUMP }, { VM_SOFTDIRTY, CRCTL_VMA_SOFTDIRTY },
	{ VM_MIXEDMAP, CRCTL_VMA_MIXEDMAP }, { VM_HUGEPAGE, CRCTL_VMA_HUGEPAGE },
	{ VM_NOHUGEPAGE, CRCTL_VMA_NOHUGEPAGE }, { VM_MERGEABLE, CRCTL_VMA_MERGEABLE },
	{ VM_UFFD_MISSING, CRCTL_VMA_UFFD_MISSING }, { VM_UFFD_WP, CRCTL_VMA_UFFD_WP },
	{ VM_UFFD_MINOR, CRCTL_VMA_UFFD_MINOR }, { VM_SHADOW_STACK, CRCTL_VMA_SHADOW_STACK },
	{ VM_SEALED, CRCTL_VMA_SEALED }, { VM_DROPPABLE, CRCTL_VMA_DROPPABLE },
	{ VM_MAYBE_GUARD, CRCTL_VMA_GUARD },
};

static u64 vma_flags(struct vm_area_struct *vma)
{
	u64 flags = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(vma_bits); i++)
		if (vma->vm_flags & vma_bits[i].kernel)
			flags |= vma_bits[i].told;
	if (vma->anon_vma)
		flags |= CRCTL_VMA_HAS_ANON;
	return flags;
}

static bool file_begins(const struct path *path, const char *text)
{
	struct name_snapshot name;
	bool ok;

	take_dentry_name_snapshot(&name, path->dentry);
	ok = !strncmp((const char *)name.name.name, text, strlen(text));
	release_dentry_name_snapshot(&name);
	return ok;
}

/* Files that the kernel makes itself, for memory without a file or with one that has no name. */
static u32 internal_kind(const struct path *path, bool huge)
{
	if (file_begins(path, "memfd:"))
		return CRCTL_VMA_IS_MEMFD;
	if (file_begins(path, "SYSV"))
		return CRCTL_VMA_IS_SYSV;
	if (huge)
		return file_begins(path, "anon_hugepage") ? CRCTL_VMA_IS_HUGE :
							    CRCTL_VMA_IS_HUGE_FILE;
	return file_begins(path, "dev/zero") ? CRCTL_VMA_IS_SHARED : CRCTL_VMA_IS_FILE;
}

static u32 file_vma_kind(const struct vm_area_struct *vma)
{
	const struct path *path = file_user_path(vma->vm_file);
	const struct super_block *sb = path->dentry->d_sb;
	umode_t mode = d_inode(path->dentry)->i_mode;
	bool huge = vma->vm_flags & VM_HUGETLB;

	if (!strcmp(sb->s_type->name, "aio"))
		return CRCTL_VMA_IS_AIO;
	if (S_ISSOCK(mode))
		return CRCTL_VMA_IS_SOCKET;
	if (sb->s_magic == ANON_INODE_FS_MAGIC)
		return CRCTL_VMA_IS_ANON_INODE;
	if (S_ISCHR(mode) || S_ISBLK(mode))
		return CRCTL_VMA_IS_DEVICE;
	if (path->mnt->mnt_flags & MNT_INTERNAL)
		return internal_kind(path, huge);
	return huge ? CRCTL_VMA_IS_HUGE_FILE : CRCTL_VMA_IS_FILE;
}

static const char *special_name(struct vm_area_struct *vma)
{
	return vma->vm_ops && vma->vm_ops->name ? vma->vm_ops->name(vma) : NULL;
}

static void anon_name(struct list *l, struct crctl_vma *r, const char *kind, const char *name)
{
	u32 len = 0;

	list_bytes(l, kind, strlen(kind), &r->name_at, &r->name_len);
	len += r->name_len;
	list_bytes(l, name, strlen(name), &r->name_at, &r->name_len);
	len += r->name_len;
	list_bytes(l, "]", 2, &r->name_at, &r->name_len);
	r->name_len = len + 1;
	r->name_at = l->end - l->len - r->name_len - 1;
}

/* As show_map_vma() of fs/proc/task_mmu.c decides. */
static void vma_name(struct list *l, struct map_files *m, struct vm_area_struct *vma,
		     struct crctl_vma *r)
{
	const char *text = vma_anon_text(vma), *special;

	if (vma->vm_file && text) {
		anon_name(l, r, "[anon_shmem:", text);
	} else if (vma->vm_file && m->named == vma->vm_file) {
		r->flags |= CRCTL_VMA_SAME_NAME;
	} else if (vma->vm_file) {
		(void)list_path(l, file_user_path(vma->vm_file), &r->name_at, &r->name_len);
	} else {
		special = special_name(vma);
		if (special)
			list_text(l, special, &r->name_at, &r->name_len);
		else if (r->flags & CRCTL_VMA_HEAP)
			list_text(l, "[heap]", &r->name_at, &r->name_len);
		else if (r->flags & CRCTL_VMA_STACK)
			list_text(l, "[stack]", &r->name_at, &r->name_len);
		else if (text)
			anon_name(l, r, "[anon:", text);
	}
}

/* What can be told at once; stat(2) may sleep, and waits until the lock is dropped. */
static void vma_file(struct map_files *m, struct vm_area_struct *vma, struct crctl_vma *r)
{
	const struct inode *inode = file_user_inode(vma->vm_file);

	r->kind = file_vma_kind(vma);
	r->file_id = session_identity(m->session, vma->vm_file);
	r->mm_ino = inode->i_ino;
	r->mm_dev_major = MAJOR(inode->i_sb->s_dev);
	r->mm_dev_minor = MINOR(inode->i_sb->s_dev);
	r->f_flags = vma->vm_file->f_flags;
	r->mnt_id = btf_mnt_id(file_user_path(vma->vm_file)->mnt);
	if (!m->nr_files || m->files[m->nr_files - 1] != vma->vm_file)
		m->files[m->nr_files++] = get_file(vma->vm_file);
	r->ino = m->nr_files;
}

static void vma_fill(struct list *l, struct map_files *m, struct vm_area_struct *vma,
		     struct crctl_vma *r)
{
	r->start = vma->vm_start;
	r->end = vma->vm_end;
	r->flags = vma_flags(vma);
	r->page_shift = ilog2(vma_kernel_pagesize(vma));
	r->pkey = vma_pkey(vma);
	if (vma->vm_file) {
		r->pgoff = (u64)vma->vm_pgoff << PAGE_SHIFT;
		vma_file(m, vma, r);
	} else if (special_name(vma)) {
		r->kind = CRCTL_VMA_IS_SPECIAL;
	} else if (vma_is_initial_heap(vma)) {
		r->flags |= CRCTL_VMA_HEAP;
	} else if (vma_is_initial_stack(vma)) {
		r->flags |= CRCTL_VMA_STACK;
	}
	vma_name(l, m, vma, r);
}

static int vmas_fill(struct list *l, struct map_files *m)
{
	VMA_ITERATOR(i, m->mm, l->cursor);
	struct vm_area_struct *vma;

	m->named = NULL;
	for_each_vma(i, vma) {
		struct crctl_vma *r;

		if (m->nr_files == FILES_MAX)
			return 0;
		r = list_record(l);
		if (!r)
			return 0;
		vma_fill(l, m, vma, r);
		if (!list_commit(l, vma->vm_end))
			return 0;
		m->named = vma_anon_text(vma) ? NULL : vma->vm_file;
	}
	l->cursor = CRCTL_CURSOR_END;
	return 0;
}

static void stat_record(struct crctl_vma *r, const struct kstat *st)
{
	r->ino = st->ino;
	r->dev_major = MAJOR(st->dev);
	r->dev_minor = MINOR(st->dev);
	r->file_len = st->size;
	r->nlink = st->nlink;
	r->mode = st->mode;
}

/*
 * Each record of the piece has the number of its file where its inode belongs. A file
 * system that does not answer leaves zeroes, and its mappings are told all the same.
 */
static void vmas_stat(struct list *l, struct map_files *m)
{
	struct kstat st;
	u32 at = 0, known = 0;

	while (at < l->len) {
		struct crctl_vma *r = (struct crctl_vma *)(l->buf + at);

		at += r->len;
		if (!r->file_id)
			continue;
		if (r->ino != known) {
			known = r->ino;
			if (vfs_getattr(file_user_path(m->files[known - 1]), &st,
					STATX_BASIC_STATS, AT_STATX_SYNC_AS_STAT))
				memset(&st, 0, sizeof(st));
		}
		stat_record(r, &st);
	}
}

static int map_files_fill(struct list *l, void *ctx)
{
	struct map_files *m = ctx;
	int ret;

	m->nr_files = 0;
	if (mmap_read_lock_killable(m->mm))
		return -EINTR;
	ret = vmas_fill(l, m);
	mmap_read_unlock(m->mm);
	vmas_stat(l, m);
	while (m->nr_files)
		fput(m->files[--m->nr_files]);
	return ret;
}

int mm_map_files(struct session *s, void *arg)
{
	struct crctl_list *list = arg;
	struct map_files *m;
	struct target t;
	int ret;

	if (list->fd)
		return -EINVAL;
	ret = target_get_mm(list->pid, &t);
	if (ret)
		return ret;
	m = kzalloc(sizeof(*m), GFP_KERNEL_ACCOUNT);
	ret = -ENOMEM;
	if (m) {
		m->session = s;
		m->mm = t.mm;
		ret = list_answer(list, sizeof(struct crctl_vma), map_files_fill, m);
	}
	kfree(m);
	target_put(&t);
	return ret;
}
