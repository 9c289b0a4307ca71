// SPDX-License-Identifier: GPL-2.0
/*
 * Files of overlayfs: the path in the merged tree, and the real file behind. Up to 6.4 a
 * mapping has the path of the overlay and the inode of the real file; since then its file
 * is the real one and knows the other path. Only regular files have a real file that can
 * be asked for (d_real); on 5.10 one that was copied up while open can still have its
 * temporary name, so device and inode are what to trust. Which layer it is in is private
 * to overlayfs: device, inode and path tell it to whoever knows the mount's options.
 */
#include <linux/dcache.h>
#include <linux/file.h>
#include <linux/kdev_t.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/stat.h>
#include <linux/uaccess.h>

#include "kmod/compat/btf.h"
#include "kmod/compat/dcache.h"
#include "kmod/compat/fs.h"
#include "kmod/kmod.h"

#define TEXTS_LEN (2 * PATH_MAX)

/* The object as found: the path that was opened, and the real inode that is in use. */
struct found {
	struct path path;
	struct inode *real;	/* held; NULL: as a new open would find it */
};

static int file_found(struct file *file, struct found *f)
{
	f->path = *file_user_path(file);
	path_get(&f->path);
	if (file_inode(file)->i_sb != f->path.dentry->d_sb) {
		f->real = file_inode(file);
		ihold(f->real);
	}
	return 0;
}

static int address_found(const struct target *t, u64 addr, struct found *f)
{
	struct vm_area_struct *vma;
	int ret = -ENOENT;

	if (mmap_read_lock_killable(t->mm))
		return -EINTR;
	vma = find_vma(t->mm, addr);
	if (vma && vma->vm_start <= addr && vma->vm_file)
		ret = file_found(vma->vm_file, f);
	mmap_read_unlock(t->mm);
	return ret;
}

static int object_find(const struct crctl_overlay *r, struct target *t, struct found *f)
{
	struct file *file;
	u32 kind;
	int ret;

	switch (r->object) {
	case CRCTL_OVERLAY_FD:
		ret = file_get(t, r->fd, &file, &kind);
		if (!ret) {
			ret = file_found(file, f);
			fput(file);
		}
		return ret;
	case CRCTL_OVERLAY_ADDR:
		return address_found(t, r->addr, f);
	default:
		return -EOPNOTSUPP;
	}
}

static void now_fill(const struct inode *now, struct crctl_overlay *r)
{
	r->now_ino = now->i_ino;
	r->now_dev_major = MAJOR(now->i_sb->s_dev);
	r->now_dev_minor = MINOR(now->i_sb->s_dev);
}

static void real_fill(const struct inode *real, struct crctl_overlay *r)
{
	r->has |= CRCTL_OVERLAY_HAS_REAL;
	r->real_ino = real->i_ino;
	r->real_dev_major = MAJOR(real->i_sb->s_dev);
	r->real_dev_minor = MINOR(real->i_sb->s_dev);
	if (r->real_ino != r->now_ino || r->real_dev_major != r->now_dev_major ||
	    r->real_dev_minor != r->now_dev_minor)
		r->has |= CRCTL_OVERLAY_COPIED_UP;
}

/* A text behind the other in @texts; what does not fit is not told. */
static void text_add(char *texts, u32 *end, struct dentry *dentry, __u32 *ret_at, __u32 *ret_len)
{
	char *text = dentry_path_raw(dentry, texts + *end, PATH_MAX);

	if (IS_ERR(text))
		return;
	*ret_at = *end;
	*ret_len = strlen(text);
	memmove(texts + *end, text, *ret_len + 1);
	*end += *ret_len + 1;
}

static u32 found_fill(const struct found *f, struct crctl_overlay *r, char *texts)
{
	struct dentry *dentry = f->path.dentry, *now = dentry;
	const struct inode *inode = d_inode(dentry);
	u32 end = 0;
	struct kstat st;

	r->mode = inode->i_mode;
	r->nlink = inode->i_nlink;
	r->mnt_id = btf_mnt_id(f->path.mnt);
	if (!vfs_getattr(&f->path, &st, STATX_INO, AT_STATX_SYNC_AS_STAT)) {
		r->ino = st.ino;
		r->dev_major = MAJOR(st.dev);
		r->dev_minor = MINOR(st.dev);
	}
	text_add(texts, &end, dentry, &r->path_at, &r->path_len);
	if (end)
		r->has |= CRCTL_OVERLAY_HAS_PATH;
	if (d_unlinked(dentry))
		r->has |= CRCTL_OVERLAY_DELETED;
	if (d_is_reg(dentry))
		now = dentry_real_data(dentry);
	if (now == dentry || !now || !d_inode(now))
		return end;
	now_fill(d_inode(now), r);
	real_fill(f->real ? f->real : d_inode(now), r);
	text_add(texts, &end, now, &r->real_at, &r->real_len);
	return end;
}

static int overlay_answer(const struct found *f, struct crctl_overlay *r)
{
	char *texts;
	u32 len;
	int ret = 0;

	if (strcmp(f->path.dentry->d_sb->s_type->name, "overlay"))
		return -ENOENT;
	texts = kmalloc(TEXTS_LEN, GFP_KERNEL_ACCOUNT);
	if (!texts)
		return -ENOMEM;
	len = found_fill(f, r, texts);
	r->needed = len;
	if (len > r->buf_len)
		ret = -EMSGSIZE;
	else if (copy_to_user(u64_to_user_ptr(r->buf), texts, len))
		ret = -EFAULT;
	kfree(texts);
	return ret;
}

/* What is out is zero, whatever came in. */
static void overlay_clear(struct crctl_overlay *r)
{
	r->needed = 0;
	memset((char *)r + offsetof(struct crctl_overlay, has), 0,
	       sizeof(*r) - offsetof(struct crctl_overlay, has));
}

int overlay_get(struct session *s, void *arg)
{
	struct crctl_overlay *r = arg;
	struct found f = { .real = NULL };
	struct target t;
	int ret;

	if (r->pad)
		return -EINVAL;
	if (r->object > CRCTL_OVERLAY_ADDR)
		return -EOPNOTSUPP;
	ret = r->object == CRCTL_OVERLAY_ADDR ? target_get_mm(r->pid, &t) : target_get(r->pid, &t);
	if (ret)
		return ret;
	overlay_clear(r);
	ret = object_find(r, &t, &f);
	if (!ret) {
		ret = overlay_answer(&f, r);
		iput(f.real);
		path_put(&f.path);
	}
	target_put(&t);
	return ret;
}
