// SPDX-License-Identifier: GPL-2.0
/*
 * Answers of any length: records are put together in a buffer of the kernel's,
 * under whatever locks that takes, and copied to the caller once these are
 * dropped, since the caller may be the target and its memory not there.
 */
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "kmod/kmod.h"

#define PIECE_LEN (64u << 10)
#define PIECE_MAX (1u << 20)	/* more than any record: a path and 65,536 groups */

void *list_record(struct list *l)
{
	u32 size = l->arg->record_size;

	l->needed = size;
	if (l->cap - l->len < size)
		return NULL;
	l->end = l->len + size;
	return memset(l->buf + l->len, 0, size);
}

void list_bytes(struct list *l, const void *src, u32 len, __u32 *ret_at, __u32 *ret_len)
{
	l->needed += len;
	if (l->end > l->cap || l->cap - l->end < len) {
		l->end = l->cap + 1;
		return;
	}
	memcpy(l->buf + l->end, src, len);
	*ret_at = l->end - l->len;
	*ret_len = len;
	l->end += len;
}

void list_text(struct list *l, const char *text, __u32 *ret_at, __u32 *ret_len)
{
	u32 len = strlen(text);

	list_bytes(l, text, len + 1, ret_at, ret_len);
	*ret_len = len;
}

int list_path(struct list *l, const struct path *path, __u32 *ret_at, __u32 *ret_len)
{
	u32 room;
	char *text;

	if (l->end > l->cap) {
		l->needed += PATH_MAX;
		return 0;
	}
	room = min_t(u32, l->cap - l->end, PATH_MAX);
	text = room ? d_path(path, l->buf + l->end, room) : ERR_PTR(-ENAMETOOLONG);
	if (IS_ERR(text)) {
		if (PTR_ERR(text) != -ENAMETOOLONG || room == PATH_MAX)
			return PTR_ERR(text);
		l->needed += PATH_MAX;
		l->end = l->cap + 1;
		return 0;
	}
	*ret_len = strlen(text);
	*ret_at = l->end - l->len;
	memmove(l->buf + l->end, text, *ret_len + 1);
	l->needed += *ret_len + 1;
	l->end += *ret_len + 1;
	return 0;
}

bool list_commit(struct list *l, u64 cursor)
{
	u32 end = ALIGN(l->end, 8);

	if (l->end > l->cap || end > l->cap) {
		l->needed = ALIGN(l->needed, 8);
		return false;
	}
	memset(l->buf + l->end, 0, end - l->end);
	*(u32 *)(l->buf + l->len) = end - l->len;
	l->len = end;
	l->nr++;
	l->cursor = cursor;
	return true;
}

static int list_flush(struct list *l)
{
	void __user *to = u64_to_user_ptr(l->arg->buf) + l->done;

	if (copy_to_user(to, l->buf, l->len))
		return -EFAULT;
	l->done += l->len;
	l->arg->nr += l->nr;
	l->arg->cursor = l->cursor;
	return 0;
}

static int list_grow(struct list *l, u32 *size)
{
	u32 room = l->arg->buf_len - l->done, want = min(max(l->needed, *size * 2), PIECE_MAX);

	if (want > room)
		want = room;
	if (want <= *size)
		return -EMSGSIZE;
	kvfree(l->buf);
	l->buf = kvmalloc(want, GFP_KERNEL_ACCOUNT);
	*size = want;
	return l->buf ? 0 : -ENOMEM;
}

/* Piece by piece, until the caller's buffer is full or nothing is left. */
static int list_pieces(struct list *l, u32 size, list_fill fill, void *ctx)
{
	int ret;

	while (l->cursor != CRCTL_CURSOR_END) {
		l->cap = min(size, l->arg->buf_len - l->done);
		l->len = l->nr = l->needed = 0;
		ret = fill(l, ctx);
		if (!ret)
			ret = list_flush(l);
		if (ret)
			return ret;
		if (!l->nr && l->cursor != CRCTL_CURSOR_END) {
			ret = list_grow(l, &size);
			if (ret == -EMSGSIZE && l->done)
				return 0;
			if (ret)
				return ret;
		}
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

int list_answer(struct crctl_list *arg, u32 record_size, list_fill fill, void *ctx)
{
	struct list l = { .arg = arg, .cursor = arg->cursor };
	u32 size = min(arg->buf_len, PIECE_LEN);
	int ret;

	BUILD_BUG_ON(PIECE_MAX < 65536 * sizeof(u32) + 2 * PATH_MAX);
	arg->nr = 0;
	arg->record_size = record_size;
	arg->needed = 0;
	l.buf = kvmalloc(max(size, 1u), GFP_KERNEL_ACCOUNT);
	if (!l.buf)
		return -ENOMEM;
	ret = list_pieces(&l, size, fill, ctx);
	if (ret == -EMSGSIZE)
		arg->needed = l.needed;
	kvfree(l.buf);
	return ret;
}
