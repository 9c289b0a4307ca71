// SPDX-License-Identifier: GPL-2.0
/* Open files of a task from the module, and what inotify and fanotify watch. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "kapi/dev_list.h"

struct files {
	struct dev_file_list list;
	size_t paths_len, paths_cap;
};

#define NO_PATH SIZE_MAX

/* A path is an offset into list.paths until all are there. */
static int files_add(void *arg, const void *record, const char *base)
{
	const struct crctl_file *r = record;
	struct files *f = arg;
	struct dev_file *file = array_add(&f->list);
	size_t at = f->paths_len;

	if (!file)
		return -ENOMEM;
	file->facts = *r;
	file->path = (const char *)NO_PATH;
	if (!r->path_at || !(r->has & CRCTL_FILE_HAS_PATH))
		return 0;
	if (array_grow(&f->list.paths, &f->paths_cap, at + r->path_len + 1, 1))
		return -ENOMEM;
	memcpy(f->list.paths + at, base + r->path_at, r->path_len);
	f->list.paths[at + r->path_len] = '\0';
	f->paths_len += r->path_len + 1;
	file->path = (const char *)(uintptr_t)at;
	return 0;
}

int dev_read_files(struct dev *dev, pid_t pid, uint32_t flags, struct dev_file_list *ret)
{
	struct files f = { 0 };
	int ret_code = dev_list_each(dev, CRCTL_HAS_FILES, CRCTL_FILES,
				     (struct crctl_list){ .pid = pid, .flags = flags },
				     sizeof(struct crctl_file), files_add, &f);

	array_for_each(&f.list, file)
		file->path = (uintptr_t)file->path == NO_PATH ? NULL :
			     f.list.paths + (uintptr_t)file->path;
	if (ret_code)
		dev_files_free(&f.list);
	else
		*ret = f.list;
	return ret_code;
}

void dev_files_free(struct dev_file_list *list)
{
	free(list->paths);
	list->paths = NULL;
	array_free(list);
}

void dev_file_stat(const struct crctl_file *f, struct stat *ret)
{
	*ret = (struct stat){
		.st_dev = makedev(f->dev_major, f->dev_minor),
		.st_ino = f->ino,
		.st_mode = f->mode,
		.st_nlink = f->nlink,
		.st_uid = f->uid,
		.st_gid = f->gid,
		.st_rdev = makedev(f->rdev_major, f->rdev_minor),
		.st_size = (off_t)f->file_len,
		.st_blksize = (blksize_t)f->blksize,
		.st_blocks = (blkcnt_t)f->blocks,
		.st_mtim = { .tv_sec = (time_t)f->mtime_sec, .tv_nsec = (long)f->mtime_nsec },
	};
}

/* ---- watches ---- */

static int watches_add(void *arg, const void *record, const char *base)
{
	const struct crctl_watch *r = record;
	struct dev_watch *watch = array_add((struct dev_watch_list *)arg);
	char *handle = NULL;
	int ret;

	if (!watch)
		return -ENOMEM;
	watch->facts = *r;
	ret = r->has & CRCTL_WATCH_HAS_PATH ? dev_text(base, r->path_at, r->path_len, &watch->path)
					    : 0;
	if (!ret && r->has & CRCTL_WATCH_HAS_HANDLE)
		ret = dev_text(base, r->handle_at, r->handle_len, &handle);
	watch->handle = (unsigned char *)handle;
	return ret;
}

int dev_read_watches(struct dev *dev, pid_t pid, int fd, struct dev_watch_list *ret)
{
	struct dev_watch_list list = { 0 };
	int ret_code = dev_list_each(dev, CRCTL_HAS_WATCHES, CRCTL_WATCHES,
				     (struct crctl_list){ .pid = pid, .fd = fd },
				     sizeof(struct crctl_watch), watches_add, &list);

	if (ret_code)
		dev_watches_free(&list);
	else
		*ret = list;
	return ret_code;
}

void dev_watches_free(struct dev_watch_list *list)
{
	array_for_each(list, watch) {
		free(watch->path);
		free(watch->handle);
	}
	array_free(list);
}
