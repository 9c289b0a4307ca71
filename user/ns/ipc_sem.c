// SPDX-License-Identifier: GPL-2.0
/*
 * System V semaphores: the values of each set. Who waits for one is in a system call,
 * which is made again; who changed one last (GETPID) and when cannot be set.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>

#include "image/ipc_sem.pb-c.h"
#include "lib/cleanup.h"
#include "ns/ipc.h"

#define SETS_MAX 65536		/* semaphores in a set: the kernel has a short for it */

union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
	struct seminfo *info;
};

static int set_dump(struct image_writer *w, int id, const struct semid_ds *ds)
{
	IpcSemEntry e = IPC_SEM_ENTRY__INIT;
	IpcDescEntry desc;
	size_t len = (ds->sem_nsems * 2 + 7) & ~7ul;
	auto_free unsigned short *values = calloc(1, len);
	union semun arg = { .array = values };
	int ret;

	if (!values)
		return -ENOMEM;
	if (semctl(id, 0, GETALL, arg))
		return -errno;
	ipc_owner_dump(&ds->sem_perm, (uint32_t)id, &desc);
	e.desc = &desc;
	e.nsems = (uint32_t)ds->sem_nsems;
	ret = image_write(w, &e.base);
	return ret ? ret : image_write_raw(w, values, len);
}

int ipc_sem_dump(struct dump *d, uint32_t ns_id)
{
	struct image_writer *w = NULL;
	struct seminfo info;
	union semun arg = { .info = &info };
	int max = semctl(0, 0, SEM_INFO, arg), ret = 0, close_ret;

	if (max < 0 || !info.semusz)
		return 0;
	ret = image_write_open(d->ctx.images_fd, IMG_IPCNS_SEM, ns_id, &w);
	for (int i = 0; i <= max && !ret; i++) {
		struct semid_ds ds;
		int id;

		arg.buf = &ds;
		id = semctl(i, 0, SEM_STAT, arg);
		if (id >= 0)
			ret = set_dump(w, id, &ds);
	}
	close_ret = image_write_close(w);
	return ipc_fail(d, ret ? ret : close_ret);
}

/* ---- restore ---- */

static int set_read(void *arg, const struct image_item *item)
{
	struct restore *r = arg;
	const IpcSemEntry *e = (const IpcSemEntry *)item->msg;
	struct ipc_set *set = array_add(&r->ns->ipc->sets);

	if (!set)
		return -ENOMEM;
	if (!e->nsems || e->nsems > SETS_MAX)
		return fail(r->ctx.err, -EINVAL, "ipcns-sem: a set of %u semaphores", e->nsems);
	set->nr = e->nsems;
	set->values = item->extra;
	return ipc_owner_check(r, "ipcns-sem", e->desc, &set->owner);
}

int ipc_sem_read(struct restore *r, uint32_t ns_id)
{
	struct image_reader **reader = &r->ns->ipc->readers[0];
	int ret = image_read_open(r->ctx.images_fd, IMG_IPCNS_SEM, ns_id, reader);

	if (ret == -ENOENT)
		return 0;
	if (!ret)
		ret = image_walk(*reader, IMG_IPCNS_SEM, set_read, r);
	return ret && !r->ctx.err->ret ? fail(r->ctx.err, ret, "%s", image_error()) : ret;
}

static int set_get(const void *object)
{
	const struct ipc_set *set = object;

	return semget((key_t)set->owner.key, (int)set->nr,
		      (int)(set->owner.mode & 0777) | IPC_CREAT | IPC_EXCL);
}

static int set_restore(struct restore *r, const struct ipc_set *set)
{
	struct semid_ds ds = { 0 };
	union semun arg = { .buf = &ds };
	int id = (int)set->owner.id, ret = ipc_make(r, &set->owner, "sem", set_get, set);

	if (ret)
		return ret;
	ds.sem_perm.uid = set->owner.uid;
	ds.sem_perm.gid = set->owner.gid;
	ds.sem_perm.mode = set->owner.mode & 0777;
	if (semctl(id, 0, IPC_SET, arg))
		return fail_errno(r->ctx.err, -errno, "the owner of the semaphores %d", id);
	arg.array = (unsigned short *)set->values;
	return semctl(id, 0, SETALL, arg) ?
	       fail_errno(r->ctx.err, -errno, "the values of the semaphores %d", id) : 0;
}

int ipc_sem_restore(struct restore *r)
{
	int ret = 0;

	for (size_t i = 0; i < r->ns->ipc->sets.nr && !ret; i++)
		ret = set_restore(r, &r->ns->ipc->sets.items[i]);
	return ret;
}
