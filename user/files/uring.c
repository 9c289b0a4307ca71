// SPDX-License-Identifier: GPL-2.0
/*
 * io_urings are refused: what is set up in one (flags, registered files and buffers,
 * an eventfd, credentials) no interface of the kernel tells. What is pending in it
 * stands in /proc/PID/fdinfo, so that people see what they would lose.
 */
#include <stdlib.h>
#include <string.h>

#include "files/files.h"
#include "kapi/dev.h"
#include "kapi/proc.h"

static bool uring_match(const struct fd_info *fd)
{
	return !strcmp(fd->link, "anon_inode:[io_uring]");
}

static uint32_t text_number(const char *text, const char *key)
{
	const char *value = proc_text_value(text, key);

	return value ? (uint32_t)strtoul(value, NULL, 0) : 0;
}

/* In flight: told by the module; without it what was taken and has no completion yet. */
static uint32_t uring_in_flight(struct dump *d, const struct fd_info *fd, const char *text)
{
	struct crctl_uring told;

	if (!dev_read_uring(d->dev, fd->task->live_tid, fd->fd, &told))
		return told.nr_in_flight;
	return text_number(text, "CachedSqHead:") - text_number(text, "CachedCqTail:");
}

static int uring_dump(struct dump *d, const struct fd_info *fd, struct dump_file *file)
{
	uint32_t queued, unread, in_flight;
	const char *text;
	int ret = fd_read_text(d, fd, false, &text);

	if (ret)
		return ret;
	queued = text_number(text, "SqTail:") - text_number(text, "SqHead:");
	unread = text_number(text, "CqTail:") - text_number(text, "CqHead:");
	in_flight = uring_in_flight(d, fd, text);
	return dump_refuse(d, "pid %d fd %d: an io_uring cannot be dumped (%u requests queued, "
			   "%d in flight, %u completions unread, %u files and %u buffers "
			   "registered); end it before the dump", fd->task->pid, fd->fd, queued,
			   (int)in_flight < 0 ? 0 : (int)in_flight, unread,
			   text_number(text, "UserFiles:"), text_number(text, "UserBufs:"));
}

static int uring_check(struct restore *r, const struct restore_file *file)
{
	return fail(r->ctx.err, -EINVAL, "files.img: open file %u has no type", file->id);
}

const struct file_kind uring_kind = {
	.name = "io_uring",
	.type = FD_TYPES__UND,
	.match = uring_match,
	.dump = uring_dump,
	.check = uring_check,
};
