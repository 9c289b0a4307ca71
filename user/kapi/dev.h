/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /dev/crctl, the module's device: its commands (uapi/crctl.h) as functions. Lists
 * come whole, however long. A NULL @dev, or a question that the module cannot
 * answer on this kernel, gives -EOPNOTSUPP: user space answers then.
 */
#ifndef CRCTL_KAPI_DEV_H
#define CRCTL_KAPI_DEV_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "crctl.h"
#include "kapi/proc.h"
#include "lib/array.h"

struct dev;

/*
 * -ENOENT: the module is not loaded. -EPERM, -EACCES: this user may not ask.
 * -EPROTO: it speaks another contract.
 */
int dev_open(struct dev **ret_dev);
void dev_close(struct dev *dev);
/* CRCTL_HAS_* */
uint64_t dev_features(const struct dev *dev);

/* Text of a module file below /sys/module/crctl; -ENOENT when it is not loaded. */
int dev_module_text(const char *name, char *buf, size_t size);

/* @pid: any thread of the process. */
int dev_read_task(struct dev *dev, pid_t pid, struct crctl_task *ret);

struct dev_thread {
	struct crctl_thread facts;
	uint32_t *groups;	/* facts.nr_groups */
	uint8_t *cpus;		/* facts.cpus_len */
};
struct dev_thread_list { struct dev_thread *items; size_t nr, cap; };
int dev_read_threads(struct dev *dev, pid_t pid, struct dev_thread_list *ret);
void dev_threads_free(struct dev_thread_list *list);

struct dev_timer_list { struct crctl_timer *items; size_t nr, cap; };
int dev_read_timers(struct dev *dev, pid_t pid, struct dev_timer_list *ret);

/* As proc_read_vmas(), [vsyscall] included. */
int dev_read_vmas(struct dev *dev, pid_t pid, struct proc_vma_list *ret);

struct dev_file {
	struct crctl_file facts;
	const char *path;	/* NULL: too long, or not told; lives as long as the list */
};
struct dev_file_list { struct dev_file *items; size_t nr, cap; char *paths; };
/* @flags: CRCTL_FILES_* */
int dev_read_files(struct dev *dev, pid_t pid, uint32_t flags, struct dev_file_list *ret);
void dev_files_free(struct dev_file_list *list);
void dev_file_stat(const struct crctl_file *facts, struct stat *ret);

struct dev_aio_list { struct crctl_aio *items; size_t nr, cap; };
int dev_read_aio(struct dev *dev, pid_t pid, struct dev_aio_list *ret);

struct dev_watch {
	struct crctl_watch facts;
	char *path;		/* from the root of its file system; NULL: not known */
	unsigned char *handle;	/* facts.handle_len bytes; NULL: none */
};
struct dev_watch_list { struct dev_watch *items; size_t nr, cap; };
/* Of an inotify or fanotify descriptor, in the order of its fdinfo. */
int dev_read_watches(struct dev *dev, pid_t pid, int fd, struct dev_watch_list *ret);
void dev_watches_free(struct dev_watch_list *list);

struct dev_overlay {
	struct crctl_overlay facts;
	char *path;		/* in the merged tree, from the overlay's root; NULL: not known */
	char *real;		/* of the real file, from the root of its file system; NULL */
};
/*
 * The caller sets object, fd, wd or addr of ret->facts. -ENOENT: not of an overlayfs.
 * dev_overlay_free() what was returned.
 */
int dev_read_overlay(struct dev *dev, pid_t pid, struct dev_overlay *ret);
void dev_overlay_free(struct dev_overlay *overlay);

int dev_read_uring(struct dev *dev, pid_t pid, int fd, struct crctl_uring *ret);

/*
 * Content of @ranges of the task into the file from @pos on, back to back, and @each for
 * what became of every part: run->state tells whether it is in the file; @pos is its place.
 */
int dev_copy_memory(struct dev *dev, pid_t pid, int out_fd, uint64_t pos,
		    const struct crctl_range *ranges, uint32_t nr_ranges,
		    int (*each)(void *arg, const struct crctl_memory_run *run, uint64_t pos),
		    void *arg);

#endif
