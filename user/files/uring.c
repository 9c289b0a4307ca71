// SPDX-License-Identifier: GPL-2.0
/*
 * io_urings are refused: what is set up in one (flags, registered files and buffers,
 * an eventfd, credentials) no interface of the kernel tells. What is pending in it
 * stands in /proc/PID/fdinfo, so that people see what they would lose.
 */
#include <stdio.h>
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

/* The value of enum io_uring_op is the place. */
static const char *const ops[] = {
	"NOP", "READV", "WRITEV", "FSYNC", "READ_FIXED", "WRITE_FIXED", "POLL_ADD", "POLL_REMOVE",
	"SYNC_FILE_RANGE", "SENDMSG", "RECVMSG", "TIMEOUT", "TIMEOUT_REMOVE", "ACCEPT",
	"ASYNC_CANCEL", "LINK_TIMEOUT", "CONNECT", "FALLOCATE", "OPENAT", "CLOSE", "FILES_UPDATE",
	"STATX", "READ", "WRITE", "FADVISE", "MADVISE", "SEND", "RECV", "OPENAT2", "EPOLL_CTL",
	"SPLICE", "PROVIDE_BUFFERS", "REMOVE_BUFFERS", "TEE", "SHUTDOWN", "RENAMEAT", "UNLINKAT",
	"MKDIRAT", "SYMLINKAT", "LINKAT", "MSG_RING", "FSETXATTR", "SETXATTR", "FGETXATTR",
	"GETXATTR", "SOCKET", "URING_CMD", "SEND_ZC", "SENDMSG_ZC", "READ_MULTISHOT", "WAITID",
	"FUTEX_WAIT", "FUTEX_WAKE", "FUTEX_WAITV", "FIXED_FD_INSTALL", "FTRUNCATE", "BIND",
	"LISTEN", "RECV_ZC", "EPOLL_WAIT", "READV_FIXED", "WRITEV_FIXED", "PIPE", "NOP128",
	"URING_CMD128",
};

/* Names of requests, in parentheses; those that find no room are left to be counted. */
struct names {
	char text[128];
	size_t len;
};

static void name_add(struct names *n, const char *name, size_t len)
{
	/* room for what goes before it, and for what ends the list */
	if (n->len + len + sizeof(", , ...)") > sizeof(n->text)) {
		if (n->len && n->text[n->len - 1] != '.')
			n->len += (size_t)sprintf(n->text + n->len, ", ...");
		return;
	}
	n->len += (size_t)sprintf(n->text + n->len, "%s%.*s", n->len ? ", " : " (", (int)len, name);
}

static const char *names_end(struct names *n)
{
	if (n->len)
		sprintf(n->text + n->len, ")");
	return n->text;
}

struct pending {
	bool known;			/* the numbers below */
	uint32_t queued, in_flight, unread;
	uint32_t nr_overflow;		/* completions that found no room */
	uint32_t nr_polled;		/* in flight and waiting for a file, at least */
	struct names queue, polled;
};

/* Requests are listed by name where they wait in the queue, by number where they poll. */
static void pending_line(struct pending *p, const char *line)
{
	const char *op = strstr(line, ": opcode:");
	const char *end = strchr(line, '\n');
	unsigned long nr;

	if (op && (!end || op < end)) {
		op += strlen(": opcode:");
		name_add(&p->queue, op, strcspn(op, ",\n"));
	} else if (!strncmp(line, "  op=", 5)) {
		nr = strtoul(line + 5, NULL, 10);
		p->nr_polled++;
		if (nr < sizeof(ops) / sizeof(ops[0]))
			name_add(&p->polled, ops[nr], strlen(ops[nr]));
	} else if (!strncmp(line, "  user_data=", 12)) {
		p->nr_overflow++;
	}
}

/* Numbers: of the module, or in fdinfo since Linux 5.17; multishot requests spoil the latter. */
static void pending_read(struct dump *d, const struct fd_info *fd, const char *text,
			 struct pending *p)
{
	struct crctl_uring told;
	const char *line = text;

	*p = (struct pending){ 0 };
	while (*line) {
		pending_line(p, line);
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	if (!dev_read_uring(d->dev, fd->task->live_tid, fd->fd, &told)) {
		p->known = true;
		p->queued = told.sq_tail - told.sq_head;
		p->unread = told.cq_tail - told.cq_head;
		p->in_flight = told.nr_in_flight;
		if (told.has_overflow && !p->nr_overflow)
			p->nr_overflow = 1;
	} else if (proc_text_value(text, "CachedSqHead:")) {
		p->known = true;
		p->queued = text_number(text, "SqTail:") - text_number(text, "SqHead:");
		p->unread = text_number(text, "CqTail:") - text_number(text, "CqHead:");
		p->in_flight = text_number(text, "CachedSqHead:") -
			       text_number(text, "CachedCqTail:") - p->nr_overflow;
		p->in_flight = (int)p->in_flight < 0 ? 0 : p->in_flight;
	}
	if (p->in_flight < p->nr_polled)
		p->in_flight = p->nr_polled;
}

static int uring_dump(struct dump *d, const struct fd_info *fd, struct dump_file *file)
{
	char numbers[400], unread[80] = "";
	struct pending p;
	const char *text;
	int ret = fd_read_text(d, fd, false, &text);

	if (ret)
		return ret;
	pending_read(d, fd, text, &p);
	if (p.nr_overflow)
		snprintf(unread, sizeof(unread), " and %s%u more that found no room",
			 p.known ? "" : "at least ", p.nr_overflow);
	if (p.known)
		snprintf(numbers, sizeof(numbers), "%u requests queued%s, %u in flight%s, "
			 "%u completions unread%s", p.queued, names_end(&p.queue), p.in_flight,
			 names_end(&p.polled), p.unread, unread);
	else
		snprintf(numbers, sizeof(numbers), "at least %u requests in flight%s, the rest "
			 "this kernel tells only the module", p.in_flight, names_end(&p.polled));
	return dump_refuse(d, "pid %d fd %d: an io_uring cannot be dumped (%s, %u files and %u "
			   "buffers registered); end it before the dump", fd->task->pid, fd->fd,
			   numbers, text_number(text, "UserFiles:"),
			   text_number(text, "UserBufs:"));
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
