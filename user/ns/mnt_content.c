// SPDX-License-Identifier: GPL-2.0
/*
 * What is in a file system that lives in memory (tmpfs): a gzipped tar beside the images.
 * It is the host's tar(1), which the container may lack, with the mount as its working
 * directory, so that nothing which covers it is in the way.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image/image.h"
#include "lib/cleanup.h"
#include "ns/mnt.h"
#include "ns/ns.h"

/* The mount at @path of the tree's own namespace, without what lies on it; or -errno. */
static int tree_clone(int tree_fd, const char *path)
{
	auto_close int here = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	int fd;

	if (here < 0 || setns(tree_fd, CLONE_NEWNS))
		return -errno;
	fd = (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	fd = fd < 0 ? -errno : fd;
	if (setns(here, CLONE_NEWNS) && fd >= 0) {
		close(fd);
		fd = -errno;
	}
	return fd;
}

/* Descriptor @as of the program that comes is @fd, which may be that one already. */
static int fd_become(int fd, int as)
{
	return (fd == as ? fcntl(fd, F_SETFD, 0) : dup2(fd, as)) < 0 ? -errno : 0;
}

/* In a child: @argv of the host (@host_fd; -1: we are there), in @tree_fd, with @io_fd as its input
 * or output. */
static void __attribute__((noreturn)) tar_run(int host_fd, int tree_fd, int io_fd, int as,
					      const char *const argv[])
{
	if ((host_fd >= 0 && setns(host_fd, CLONE_NEWNS)) || fchdir(tree_fd) ||
	    fd_become(io_fd, as) || fd_become(log_fd(), STDERR_FILENO))
		_exit(126);
	execvp(argv[0], (char *const *)argv);
	_exit(127);
}

/* 0, or fails with a sentence about the mount @at. */
static int tar_wait(struct err *err, const char *at, const char *doing, pid_t pid)
{
	int status;

	if (pid < 0)
		return fail_errno(err, -errno, "the content of the mount %s", at);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return fail_errno(err, -errno, "the content of the mount %s", at);
	if (!status)
		return 0;
	return fail(err, -EIO, "the content of the mount %s cannot be %s: tar %s", at, doing,
		    status == 127 << 8 ? "is not installed" : "failed");
}

int mnt_tree_save(int dir_fd, int image_fd)
{
	static const char *const argv[] = { "tar", "--create", "--gzip", "--numeric-owner",
					    "--one-file-system", "--sparse", "--xattrs",
					    "--xattrs-include=*", "--file=-", ".", NULL };
	pid_t pid = fork();
	int status;

	if (!pid)
		tar_run(-1, dir_fd, image_fd, STDOUT_FILENO, argv);
	while (pid > 0 && waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return pid < 0 ? -errno : !status ? 0 : status == 127 << 8 ? -ENOENT : -EIO;
}

int mnt_content_save(struct dump *d, const char *mountpoint, uint32_t dev)
{
	auto_close int tree = tree_clone(d->ns->tree_fd, mountpoint);
	struct image_writer *w;
	int ret, close_ret;

	if (tree < 0)
		return fail_errno(d->ctx.err, tree, "the mount %s", mountpoint);
	ret = image_write_open(d->ctx.images_fd, IMG_TMPFS_DEV, dev, &w);
	if (ret)
		return fail(d->ctx.err, ret, "%s", image_error());
	ret = d->save_outside(d->inside, tree, image_write_fd(w));
	if (ret)
		fail(d->ctx.err, ret, "the content of the mount %s cannot be saved: tar %s",
		     mountpoint, ret == -ENOENT ? "is not installed" : "failed");
	close_ret = image_write_close(w);
	if (!ret && close_ret)
		ret = fail(d->ctx.err, close_ret, "%s", image_error());
	return ret;
}

int mnt_content_load(struct restore *r, const MntEntry *e, int tree_fd, int host_fd)
{
	static const char *const argv[] = { "tar", "--extract", "--gzip", "--numeric-owner",
					    "--preserve-permissions", "--same-owner", "--xattrs",
					    "--xattrs-include=*", "--file=-", NULL };
	char name[64];
	auto_close int fd = openat(r->ctx.images_fd,
				   image_name(IMG_TMPFS_DEV, e->root_dev, name, sizeof(name)),
				   O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	pid_t pid;

	if (fd < 0)
		return fail_errno(r->ctx.err, -errno, "%s, the content of the mount %s", name,
				  e->mountpoint);
	pid = fork();
	if (!pid)
		tar_run(host_fd, tree_fd, fd, STDIN_FILENO, argv);
	return tar_wait(r->ctx.err, e->mountpoint, "restored", pid);
}
