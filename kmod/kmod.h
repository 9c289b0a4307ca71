/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the module share: an open device, a target, and lists that
 * are answered in pieces.
 */
#ifndef CRCTL_KMOD_H
#define CRCTL_KMOD_H

#include <linux/compiler.h>
#include <linux/siphash.h>
#include <linux/types.h>

#include "kmod/compat/version.h"
#include "uapi/crctl.h"

struct file;
struct mm_struct;
struct path;
struct sighand_struct;
struct signal_struct;
struct task_struct;

/* An open /dev/crctl. */
struct session {
	siphash_key_t key;	/* of identities */
};

/* Tells a kernel object from any other, and nothing else about it; 0 for NULL. */
u64 session_identity(const struct session *s, const void *object);

/* ---- the task that a command is about ---- */

struct target {
	struct task_struct *task;
	struct mm_struct *mm;	/* NULL: it has ended, or has not been asked for */
};

/* Find and hold the task, and look whether the caller may ask about it. */
int target_get(s32 pid, struct target *t);
/* Hold its memory as well; -ESRCH when it has none. */
int target_get_mm(s32 pid, struct target *t);
void target_put(struct target *t);

/*
 * Between the two the target cannot go through execve(2), and so stays one that the
 * caller may ask about. Sleeping is allowed, but not for long.
 */
int target_lock(const struct target *t);
void target_unlock(const struct target *t);

/* The siglock of a task, to be dropped with *@ret_irq; NULL: it has ended. */
struct sighand_struct *target_lock_signals(struct task_struct *task, unsigned long *ret_irq);
void target_unlock_signals(struct sighand_struct *sighand, unsigned long irq);

/* ---- lists ---- */

/* The piece of an answer that is being put together. */
struct list {
	struct crctl_list *arg;
	char *buf;
	u32 cap, len;		/* bytes; whole records so far */
	u32 end;		/* of the record in the making */
	u32 done;		/* bytes that the caller has got */
	u32 needed;		/* of the record that did not fit */
	u32 nr;
	u64 cursor;
};

/*
 * Add records from list->cursor on: until list_record() or list_commit() say that the
 * piece is full (return 0), or to the end (set the cursor to CRCTL_CURSOR_END). The
 * caller's memory must not be touched, so any lock may be taken.
 */
typedef int (*list_fill)(struct list *l, void *ctx);

int list_answer(struct crctl_list *arg, u32 record_size, list_fill fill, void *ctx);

/* A zeroed record; NULL: the piece is full. */
void *list_record(struct list *l);
/* Append to the record. What does not fit is noticed by list_commit(). */
void list_bytes(struct list *l, const void *src, u32 len, __u32 *ret_at, __u32 *ret_len);
void list_text(struct list *l, const char *text, __u32 *ret_at, __u32 *ret_len);
/* The path as the caller sees it. -ENAMETOOLONG: longer than PATH_MAX, and left out. */
int list_path(struct list *l, const struct path *path, __u32 *ret_at, __u32 *ret_len);
/* The record is whole and @cursor follows it. false: it did not fit and is no more. */
bool list_commit(struct list *l, u64 cursor);

/* ---- commands; what they answer is in uapi/crctl.h ---- */

int mm_map_files(struct session *s, void *arg);
int file_list(struct session *s, void *arg);
int task_get(struct session *s, void *arg);
int thread_list(struct session *s, void *arg);
int timer_list(struct session *s, void *arg);
int aio_list(struct session *s, void *arg);
int overlay_get(struct session *s, void *arg);
int watch_list(struct session *s, void *arg);
int uring_get(struct session *s, void *arg);
int memory_copy(struct session *s, void *arg);

/* ---- what one kernel object's file tells another's ---- */

/* With the siglock held. */
void timer_itimers(struct signal_struct *signal, struct crctl_itimer *ret);
u32 timer_count(struct signal_struct *signal);

/* The file at a descriptor, held, and what it is (CRCTL_FILE_IS_*); -EBADF. */
int file_get(const struct target *t, s32 fd, struct file **ret_file, u32 *ret_kind);

bool aio_works(void);
bool watch_works(void);
bool uring_works(void);
u32 aio_count(const struct mm_struct *mm);

#endif
