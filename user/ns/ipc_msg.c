// SPDX-License-Identifier: GPL-2.0
/*
 * System V message queues, with their messages, which MSG_COPY reads without taking
 * them. Who sent and received last, and when, cannot be set.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>

#include "image/ipc_msg.pb-c.h"
#include "lib/cleanup.h"
#include "ns/ipc.h"

#ifndef MSG_COPY
#define MSG_COPY 040000
#endif

/* as msgsnd(2) and msgrcv(2) take them */
struct sysv_message {
	long type;
	char text[];
};

static int message_dump(struct image_writer *w, int id, size_t nr, struct sysv_message *m,
			size_t size)
{
	IpcMsg e = IPC_MSG__INIT;
	ssize_t len = msgrcv(id, m, size, (long)nr, IPC_NOWAIT | MSG_COPY);
	int ret;

	if (len < 0)
		return -errno;
	e.mtype = (uint64_t)m->type;
	e.msize = (uint32_t)len;
	memset(m->text + len, 0, 8);
	ret = image_write(w, &e.base);
	return ret ? ret : image_write_raw(w, m->text, ((size_t)len + 7) & ~7ul);
}

static int queue_dump(struct dump *d, struct image_writer *w, int id, const struct msqid_ds *ds)
{
	IpcMsgEntry e = IPC_MSG_ENTRY__INIT;
	IpcDescEntry desc;
	/* no message is longer than all that wait */
	auto_free struct sysv_message *m = malloc(sizeof(*m) + ds->__msg_cbytes + 16);
	int ret;

	if (!m)
		return -ENOMEM;
	ipc_owner_dump(&ds->msg_perm, (uint32_t)id, &desc);
	e.desc = &desc;
	e.qbytes = (uint32_t)ds->msg_qbytes;
	e.qnum = (uint32_t)ds->msg_qnum;
	ret = image_write(w, &e.base);
	for (size_t i = 0; i < ds->msg_qnum && !ret; i++) {
		ret = message_dump(w, id, i, m, ds->__msg_cbytes + 8);
		if (ret == -ENOSYS)
			return fail(d->ctx.err, ret, "the kernel cannot show messages of a System "
				    "V queue without taking them (CONFIG_CHECKPOINT_RESTORE)");
	}
	return ret;
}

int ipc_msg_dump(struct dump *d, uint32_t ns_id)
{
	struct image_writer *w = NULL;
	struct msginfo info;
	int max = msgctl(0, MSG_INFO, (struct msqid_ds *)&info), ret, close_ret;

	if (max < 0 || !info.msgpool)
		return 0;
	ret = image_write_open(d->ctx.images_fd, IMG_IPCNS_MSG, ns_id, &w);
	for (int i = 0; i <= max && !ret; i++) {
		struct msqid_ds ds;
		int id = msgctl(i, MSG_STAT, &ds);

		if (id >= 0)
			ret = queue_dump(d, w, id, &ds);
	}
	close_ret = image_write_close(w);
	return ipc_fail(d, ret ? ret : close_ret);
}

/* ---- restore ---- */

static int queue_add(struct restore *r, const IpcMsgEntry *e)
{
	struct ipc_queue *q = array_add(&r->ns->ipc->queues);

	if (!q)
		return -ENOMEM;
	q->room = e->qbytes;
	q->first = r->ns->ipc->messages.nr;
	q->nr = e->qnum;
	return ipc_owner_check(r, "ipcns-msg", e->desc, &q->owner);
}

static int item_read(void *arg, const struct image_item *item)
{
	struct restore *r = arg;
	const IpcMsg *e = (const IpcMsg *)item->msg;
	struct ipc_message *m;

	if (item->msg->descriptor == &ipc_msg_entry__descriptor)
		return queue_add(r, (const IpcMsgEntry *)item->msg);
	m = array_add(&r->ns->ipc->messages);
	if (!m)
		return -ENOMEM;
	if (!e->mtype || e->mtype > INT64_MAX)
		return fail(r->ctx.err, -EINVAL, "ipcns-msg: a message of no possible type");
	*m = (struct ipc_message){ e->mtype, e->msize, item->extra };
	return 0;
}

int ipc_msg_read(struct restore *r, uint32_t ns_id)
{
	struct image_reader **reader = &r->ns->ipc->readers[1];
	int ret = image_read_open(r->ctx.images_fd, IMG_IPCNS_MSG, ns_id, reader);

	if (ret == -ENOENT)
		return 0;
	if (!ret)
		ret = image_walk(*reader, IMG_IPCNS_MSG, item_read, r);
	return ret && !r->ctx.err->ret ? fail(r->ctx.err, ret, "%s", image_error()) : ret;
}

static int queue_get(const void *object)
{
	const struct ipc_queue *q = object;

	return msgget((key_t)q->owner.key,
		      (int)(q->owner.mode & 0777) | IPC_CREAT | IPC_EXCL);
}

static int message_put(struct restore *r, int id, const struct ipc_message *msg)
{
	auto_free struct sysv_message *m = malloc(sizeof(*m) + msg->len);

	if (!m)
		return fail_errno(r->ctx.err, -ENOMEM, "the message queue %d", id);
	m->type = (long)msg->type;
	memcpy(m->text, msg->text, msg->len);
	return msgsnd(id, m, msg->len, IPC_NOWAIT) ?
	       fail_errno(r->ctx.err, -errno, "putting a message of %u bytes into the queue %d",
			  msg->len, id) : 0;
}

static int queue_restore(struct restore *r, const struct ipc_queue *q)
{
	struct msqid_ds ds = { 0 };
	int id = (int)q->owner.id, ret = ipc_make(r, &q->owner, "msg", queue_get, q);

	if (ret)
		return ret;
	ds.msg_perm.uid = q->owner.uid;
	ds.msg_perm.gid = q->owner.gid;
	ds.msg_perm.mode = q->owner.mode & 0777;
	ds.msg_qbytes = q->room;
	if (msgctl(id, IPC_SET, &ds))
		return fail_errno(r->ctx.err, -errno, "the owner and room of the queue %d", id);
	for (size_t i = 0; i < q->nr && !ret; i++)
		ret = message_put(r, id, &r->ns->ipc->messages.items[q->first + i]);
	return ret;
}

int ipc_msg_restore(struct restore *r)
{
	int ret = 0;

	for (size_t i = 0; i < r->ns->ipc->queues.nr && !ret; i++)
		ret = queue_restore(r, &r->ns->ipc->queues.items[i]);
	return ret;
}
