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

struct mm_struct;
struct path;
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

#endif
