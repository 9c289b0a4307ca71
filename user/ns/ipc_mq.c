// SPDX-License-Identifier: GPL-2.0
/*
 * POSIX message queues of an IPC namespace, named ones and such as are only open any
 * more. Nothing shows their messages but receiving them, so they are received and sent
 * again at once, while the tree stands still, by a process that does not end with crctl;
 * their order survives that. In a namespace that is not the tree's own a queue is like a
 * file: it is opened by its name, and only made, with its messages, where it is gone.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image/crctl.pb-c.h"
#include "kapi/sys.h"
#include "lib/cleanup.h"
#include "ns/ipc.h"

#define MESSAGES_MAX 65536	/* HARD_MSGMAX of the kernel */
#define MESSAGE_LEN_MAX (16u << 20)

/* ---- dump ---- */

/* What the helper found in one queue, in memory that both have: priority, length, text. */
struct drained {
	int ret;
	uint32_t nr;
	size_t len;
	char data[];
};

static size_t drained_size(const struct mq_attr *a)
{
	return sizeof(struct drained) +
	       (size_t)a->mq_curmsgs * ((size_t)a->mq_msgsize + 2 * sizeof(uint32_t));
}

static int queue_receive(int fd, const struct mq_attr *a, struct drained *d)
{
	while (d->nr < (uint32_t)a->mq_curmsgs) {
		char *at = d->data + d->len;
		unsigned int priority;
		ssize_t len = mq_receive(fd, at + 8, (size_t)a->mq_msgsize, &priority);
		uint32_t head[2] = { priority, (uint32_t)len };

		if (len < 0)
			return errno == EAGAIN ? 0 : -errno;
		memcpy(at, head, sizeof(head));
		d->len += 8 + (size_t)len;
		d->nr++;
	}
	return 0;
}

static int queue_send(int fd, const struct drained *d)
{
	const char *at = d->data;
	int ret = 0;

	for (uint32_t i = 0; i < d->nr; i++) {
		uint32_t head[2];

		memcpy(head, at, sizeof(head));
		if (mq_send(fd, at + 8, head[1], head[0]))
			ret = -errno;
		at += 8 + head[1];
	}
	return ret;
}

/* By a process that does not end with crctl: no message is ever lost. */
static int queue_drain(int fd, const struct mq_attr *a, struct drained *out)
{
	sigset_t all, old;
	pid_t pid;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	pid = fork();
	if (!pid) {
		int put;

		setsid();
		out->ret = queue_receive(fd, a, out);
		put = queue_send(fd, out);
		out->ret = out->ret ? out->ret : put;
		_exit(0);
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (pid < 0 || waitpid(pid, NULL, 0) < 0)
		return -errno;
	return out->ret;
}

static int messages_fill(const struct drained *d, CrctlMqMessage *messages, CrctlMqMessage **list)
{
	const char *at = d->data;

	for (uint32_t i = 0; i < d->nr; i++) {
		uint32_t head[2];

		memcpy(head, at, sizeof(head));
		crctl_mq_message__init(&messages[i]);
		messages[i].priority = head[0];
		messages[i].text.data = (uint8_t *)at + 8;
		messages[i].text.len = head[1];
		list[i] = &messages[i];
		at += 8 + head[1];
	}
	return 0;
}

static int queue_write(struct image_writer *w, CrctlMqEntry *e, const struct drained *d)
{
	auto_free CrctlMqMessage *messages = calloc(d->nr + 1, sizeof(*messages));
	auto_free CrctlMqMessage **list = calloc(d->nr + 1, sizeof(*list));

	if (!messages || !list)
		return -ENOMEM;
	messages_fill(d, messages, list);
	e->messages = list;
	e->n_messages = d->nr;
	return image_write(w, &e->base);
}

/* @fd is a description of crctl's own, which does not block. */
static int queue_dump(struct dump *d, struct image_writer *w, int fd, const char *name,
		      bool unlinked)
{
	CrctlMqEntry e = CRCTL_MQ_ENTRY__INIT;
	struct drained *drained;
	struct mq_attr a;
	struct stat st;
	size_t size;
	int ret;

	if (fstat(fd, &st) || mq_getattr(fd, &a))
		return fail_errno(d->ctx.err, -errno, "the message queue /%s", name);
	size = drained_size(&a);
	drained = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (drained == MAP_FAILED)
		return -errno;
	e.id = st.st_ino;
	e.name = (char *)name;
	e.unlinked = unlinked;
	e.mode = st.st_mode & 0777;
	e.uid = st.st_uid;
	e.gid = st.st_gid;
	e.max_messages = (uint64_t)a.mq_maxmsg;
	e.message_size = (uint64_t)a.mq_msgsize;
	ret = a.mq_curmsgs ? queue_drain(fd, &a, drained) : 0;
	if (!ret)
		ret = queue_write(w, &e, drained);
	munmap(drained, size);
	return ret && !d->ctx.err->ret ?
	       fail_errno(d->ctx.err, ret, "the messages of the queue /%s", name) : ret;
}

/* The tree's own description may block, or not be readable: one more of the same queue. */
static int open_queue_dump(struct dump *d, struct image_writer *w, const struct dump_mq *q)
{
	auto_close int fd = sys_pidfd_getfd(q->task->pidfd, q->fd), own = -1;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	own = fd < 0 ? -1 : open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (own < 0)
		return fail_errno(d->ctx.err, fd < 0 ? fd : -errno, "pid %d fd %d: opening its "
				  "message queue", q->task->pid, q->fd);
	return queue_dump(d, w, own, q->name, q->unlinked);
}

/* A mount of the namespace's queues that is nowhere. */
static int queues_mount(void)
{
	auto_close int fs = (int)syscall(SYS_fsopen, "mqueue", 1 /* FSOPEN_CLOEXEC */);
	int fd;

	if (fs < 0 || syscall(SYS_fsconfig, fs, 6 /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0))
		return -errno;
	fd = (int)syscall(SYS_fsmount, fs, 1 /* FSMOUNT_CLOEXEC */, 0);
	return fd < 0 ? -errno : fd;
}

static int named_dump(struct dump *d, struct image_writer *w, int dir_fd, const char *name)
{
	auto_close int fd = openat(dir_fd, name, O_RDWR | O_NONBLOCK | O_CLOEXEC);

	return fd < 0 ? fail_errno(d->ctx.err, -errno, "the message queue /%s", name) :
			queue_dump(d, w, fd, name, false);
}

static int all_named_dump(struct dump *d, struct image_writer *w)
{
	int mount_fd = queues_mount(), ret = 0;
	struct dirent *entry;
	DIR *dir;

	if (mount_fd == -ENODEV)
		return 0;	/* a kernel without them */
	if (mount_fd < 0)
		return fail_errno(d->ctx.err, mount_fd, "the POSIX message queues of the tree");
	/* what fsmount(2) gives is a path only */
	dir = fdopendir(openat(mount_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	while (dir && !ret && (entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			ret = named_dump(d, w, mount_fd, entry->d_name);
	}
	if (dir)
		closedir(dir);
	close(mount_fd);
	return ret;
}

static int unlinked_dump(struct dump *d, struct image_writer *w, bool named_too)
{
	int ret = 0;

	for (size_t i = 0; i < d->mqs.nr && !ret; i++) {
		if (named_too || d->mqs.items[i].unlinked)
			ret = open_queue_dump(d, w, &d->mqs.items[i]);
	}
	return ret;
}

int ipc_mq_dump(struct dump *d, uint32_t ns_id)
{
	struct image_writer *w = NULL;
	int close_ret, ret = image_write_open(d->ctx.images_fd, IMG_CRCTL_MQ, 0, &w);

	if (!ret)
		ret = all_named_dump(d, w);
	if (!ret)
		ret = unlinked_dump(d, w, false);
	close_ret = image_write_close(w);
	return ipc_fail(d, ret ? ret : close_ret);
}

int ipc_mq_dump_open(struct dump *d, uint32_t ns_id)
{
	struct image_writer *w = NULL;
	int close_ret, ret;

	if (!d->mqs.nr)
		return 0;
	ret = image_write_open(d->ctx.images_fd, IMG_CRCTL_MQ, 0, &w);
	if (!ret)
		ret = unlinked_dump(d, w, true);
	close_ret = image_write_close(w);
	return ipc_fail(d, ret ? ret : close_ret);
}

/* Who else has one open that lost its name cannot be seen. */
int ipc_mq_check_open(struct dump *d)
{
	array_for_each(&d->mqs, q) {
		if (q->unlinked)
			dump_refuse(d,
				    "pid %d fd %d: the message queue /%s was unlinked, and others "
				    "could have it open too; run the tree in an IPC namespace of "
				    "its own",
				    q->task->pid, q->fd, q->name);
	}
	return 0;
}

/* ---- restore ---- */

static int mq_check(struct restore *r, const CrctlMqEntry *e)
{
	bool bad = !*e->name || strlen(e->name) > 255 || strchr(e->name, '/') ||
		   !e->max_messages || e->max_messages > MESSAGES_MAX || !e->message_size ||
		   e->message_size > MESSAGE_LEN_MAX || e->n_messages > e->max_messages;

	for (size_t i = 0; i < e->n_messages && !bad; i++)
		bad = e->messages[i]->priority >= 32768 ||
		      e->messages[i]->text.len > e->message_size;
	return bad ? fail(r->ctx.err, -EINVAL, "crctl-mq: the message queue /%s is impossible",
			  e->name) : 0;
}

int ipc_mq_read(struct restore *r)
{
	struct image_reader *reader;
	ProtobufCMessage *msg;
	int ret = image_read_open(r->ctx.images_fd, IMG_CRCTL_MQ, 0, &reader);

	if (ret == -ENOENT)
		return 0;
	if (ret)
		return fail(r->ctx.err, ret, "%s", image_error());
	while ((ret = image_read(reader, &crctl_mq_entry__descriptor, &msg)) == 1) {
		struct ipc_mq *q = array_add(&r->ns->ipc->mqs);

		ret = q ? 0 : -ENOMEM;
		if (q)
			*q = (struct ipc_mq){ .entry = (const CrctlMqEntry *)msg, .fd = -1 };
		if (!ret)
			ret = mq_check(r, (const CrctlMqEntry *)msg);
		if (ret)
			break;
	}
	image_read_close(reader);
	return ret && !r->ctx.err->ret ? fail(r->ctx.err, ret, "%s", image_error()) : ret;
}

static struct ipc_mq *mq_find(const struct restore *r, uint64_t id)
{
	if (!r->ns || !r->ns->ipc)
		return NULL;
	array_for_each(&r->ns->ipc->mqs, q) {
		if (q->entry->id == id)
			return q;
	}
	return NULL;
}

bool restore_mq_known(const struct restore *r, uint64_t id)
{
	return mq_find(r, id) != NULL;
}

int restore_mq_open(struct restore *r, uint64_t id, int flags, int *ret_fd)
{
	const struct ipc_mq *q = mq_find(r, id);
	char path[64];
	int fd;

	if (q->fd >= 0) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", q->fd);
		fd = open(path, flags | O_CLOEXEC);
	} else {
		fd = (int)syscall(SYS_mq_open, q->entry->name, flags | O_CLOEXEC, 0, NULL);
	}
	if (fd < 0)
		return fail_errno(r->ctx.err, -errno, "opening the message queue /%s",
				  q->entry->name);
	*ret_fd = fd;
	return 0;
}

static int messages_put(int fd, const CrctlMqEntry *e)
{
	for (size_t i = 0; i < e->n_messages; i++) {
		const CrctlMqMessage *m = e->messages[i];

		if (mq_send(fd, (const char *)m->text.data, m->text.len, m->priority))
			return -errno;
	}
	return 0;
}

/* Of one that is there already nothing is changed, as of a file. */
static int mq_make(struct restore *r, struct ipc_mq *q, int *ret_fd)
{
	const CrctlMqEntry *e = q->entry;
	struct mq_attr a = { .mq_maxmsg = (long)e->max_messages,
			     .mq_msgsize = (long)e->message_size };
	int fd = (int)syscall(SYS_mq_open, e->name, O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK |
			      O_CLOEXEC, 0600, &a);
	int ret = 0;

	if (fd < 0 && errno == EEXIST && !(r->ns->flags & CLONE_NEWIPC))
		return 0;
	if (fd < 0)
		return fail_errno(r->ctx.err, -errno, "making the message queue /%s of %lu "
				  "messages of %lu bytes", e->name, e->max_messages,
				  e->message_size);
	q->made = true;
	ret = messages_put(fd, e);
	if (!ret && (fchown(fd, e->uid, e->gid) || fchmod(fd, e->mode & 0777)))
		ret = -errno;
	*ret_fd = fd;
	return ret ? fail_errno(r->ctx.err, ret, "filling the message queue /%s", e->name) : 0;
}

static int mq_restore_one(struct restore *r, struct ipc_mq *q)
{
	int fd = -1, ret = mq_make(r, q, &fd);

	if (ret || fd < 0)
		return ret;
	if (!q->entry->unlinked) {
		close(fd);
		return 0;
	}
	q->fd = restore_fd_lift(r, fd);
	if (q->fd < 0 || syscall(SYS_mq_unlink, q->entry->name))
		return fail_errno(r->ctx.err, q->fd < 0 ? q->fd : -errno,
				  "the message queue /%s, which was unlinked", q->entry->name);
	return 0;
}

/* Those without a name first: another may have it now. */
int ipc_mq_restore(struct restore *r)
{
	int ret = 0;

	for (int unlinked = 1; unlinked >= 0; unlinked--) {
		for (size_t i = 0; i < r->ns->ipc->mqs.nr && !ret; i++) {
			if (r->ns->ipc->mqs.items[i].entry->unlinked == unlinked)
				ret = mq_restore_one(r, &r->ns->ipc->mqs.items[i]);
		}
	}
	return ret;
}

void ipc_mq_undo(struct restore *r)
{
	array_for_each(&r->ns->ipc->mqs, q) {
		if (q->made && !q->entry->unlinked)
			(void)syscall(SYS_mq_unlink, q->entry->name);	/* or it is gone */
	}
}
