// SPDX-License-Identifier: GPL-2.0
/*
 * What is in a file system that lives in memory (tmpfs): a gzipped tar beside the images.
 * It is made from a copy of the mount, so that nothing which covers it is in the way.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

#include "image/image.h"
#include "lib/cleanup.h"
#include "lib/tar.h"
#include "ns/mnt.h"
#include "ns/ns.h"

/* The mount at @path of the tree's own namespace, without what lies on it; or -errno. */
static int outside_clone(int tree_fd, const char *path)
{
	auto_close int here = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	int fd;

	if (here < 0 || setns(tree_fd, CLONE_NEWNS))
		return -errno;
	fd = mnt_clone(path);
	if (setns(here, CLONE_NEWNS) && fd >= 0) {
		close(fd);
		return -errno;
	}
	/* an unbindable mount: of ours, the copy is private */
	return fd == -EINVAL ? mnt_clone(path) : fd;
}

/* As it is named in sentences. */
static const char *content_name(const char *mountpoint, char *buf, size_t len)
{
	snprintf(buf, len, "the content of the mount %s", mountpoint);
	return buf;
}

int mnt_content_save(struct dump *d, const char *mountpoint, uint32_t dev)
{
	auto_close int tree = outside_clone(d->ns->tree_fd, mountpoint);
	struct image_writer *w;
	char what[512];
	int ret, close_ret;

	if (tree < 0)
		return fail_errno(d->ctx.err, tree, "the mount %s", mountpoint);
	ret = image_write_open(d->ctx.images_fd, IMG_TMPFS_DEV, dev, &w);
	if (ret)
		return fail(d->ctx.err, ret, "%s", image_error());
	ret = tar_save(d->ctx.err, content_name(mountpoint, what, sizeof(what)), tree,
		       image_write_fd(w));
	close_ret = image_write_close(w);
	if (!ret && close_ret)
		ret = fail(d->ctx.err, close_ret, "%s", image_error());
	return ret;
}

int mnt_content_load(struct restore *r, const MntEntry *e, int tree_fd)
{
	char name[64], what[512];
	auto_close int fd = openat(r->ctx.images_fd,
				   image_name(IMG_TMPFS_DEV, e->root_dev, name, sizeof(name)),
				   O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	content_name(e->mountpoint, what, sizeof(what));
	if (fd < 0)
		return fail_errno(r->ctx.err, -errno, "%s, %s", name, what);
	return tar_load(r->ctx.err, what, tree_fd, fd);
}
