// SPDX-License-Identifier: GPL-2.0
/*
 * IPC namespace: its System V objects (a file each) and its limits. A dump asks for all
 * of it with the usual calls, inside of the namespace. Identifiers come back through
 * *_next_id, which a kernel with CONFIG_CHECKPOINT_RESTORE has. What undoes semaphore
 * operations at a task's end (SEM_UNDO) shows nowhere; that a task has such a list at
 * all does, by kcmp(2) with crctl, which has none: refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image/ipc_var.pb-c.h"
#include "kapi/sys.h"
#include "lib/cleanup.h"
#include "ns/ipc.h"

#ifndef KCMP_SYSVSEM
#define KCMP_SYSVSEM 6
#endif

int ipc_fail(struct dump *d, int ret)
{
	return ret && !d->ctx.err->ret ? fail(d->ctx.err, ret, "%s", image_error()) : ret;
}

void ipc_owner_dump(const struct ipc_perm *perm, uint32_t id, IpcDescEntry *e)
{
	ipc_desc_entry__init(e);
	e->key = (uint32_t)perm->__key;
	e->uid = perm->uid;
	e->gid = perm->gid;
	e->cuid = perm->cuid;
	e->cgid = perm->cgid;
	e->mode = perm->mode;
	e->id = id;
}

int ipc_owner_check(struct restore *r, const char *file, const IpcDescEntry *e,
		    struct ipc_owner *ret_owner)
{
	if (!e || e->id > INT32_MAX)
		return fail(r->ctx.err, -EINVAL, "%s: an object with an impossible identifier",
			    file);
	*ret_owner = (struct ipc_owner){ e->id,	  e->key,  e->uid, e->gid,
					 e->cuid, e->cgid, e->mode };
	return 0;
}

/* ---- limits ---- */

static const struct ipc_limit {
	const char *path;
	size_t at;		/* in IpcVarEntry */
	bool wide;		/* 64 bits */
} limits[] = {
#define LIMIT(name, field) { "/proc/sys/" name, offsetof(IpcVarEntry, field), false }
#define WIDE(name, field)  { "/proc/sys/" name, offsetof(IpcVarEntry, field), true }
	LIMIT("kernel/msgmax", msg_ctlmax),
	LIMIT("kernel/msgmnb", msg_ctlmnb),
	LIMIT("kernel/msgmni", msg_ctlmni),
	LIMIT("kernel/auto_msgmni", auto_msgmni),
	WIDE("kernel/shmmax", shm_ctlmax),
	WIDE("kernel/shmall", shm_ctlall),
	LIMIT("kernel/shmmni", shm_ctlmni),
	LIMIT("kernel/shm_rmid_forced", shm_rmid_forced),
	LIMIT("fs/mqueue/queues_max", mq_queues_max),
	LIMIT("fs/mqueue/msg_max", mq_msg_max),
	LIMIT("fs/mqueue/msgsize_max", mq_msgsize_max),
	LIMIT("fs/mqueue/msg_default", mq_msg_default),
	LIMIT("fs/mqueue/msgsize_default", mq_msgsize_default),
};

#define NR_LIMITS (sizeof(limits) / sizeof(limits[0]))

/* Up to four numbers; how many are there, or -errno. */
static int numbers_read(const char *path, unsigned long long numbers[4])
{
	auto_fclose FILE *f = fopen(path, "re");
	int nr = 0;

	if (!f)
		return -errno;
	while (nr < 4 && fscanf(f, "%llu", &numbers[nr]) == 1)
		nr++;
	return nr;
}

static int text_write(const char *path, const char *text)
{
	auto_close int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return -errno;
	return 0;
}

static int var_dump(struct dump *d, uint32_t id)
{
	IpcVarEntry e = IPC_VAR_ENTRY__INIT;
	unsigned long long v[4] = { 0 };
	uint32_t sem[4];
	int nr = numbers_read("/proc/sys/kernel/sem", v);

	for (int i = 0; i < 4; i++)
		sem[i] = (uint32_t)v[i];
	e.n_sem_ctls = nr == 4 ? 4 : 0;
	e.sem_ctls = sem;
	for (size_t i = 0; i < NR_LIMITS; i++) {
		void *field = (char *)&e + limits[i].at;

		/* a kernel without POSIX message queues has no limits for them */
		if (numbers_read(limits[i].path, v) < 1)
			continue;
		if (limits[i].wide)
			*(uint64_t *)field = v[0];
		else
			*(uint32_t *)field = (uint32_t)v[0];
	}
	e.has_mq_msg_default = e.has_mq_msgsize_default = true;
	return ipc_fail(d, image_write_one(d->ctx.images_fd, IMG_IPC_VAR, id, &e.base));
}

static int limit_restore(struct restore *r, const char *path, const char *text)
{
	int ret = text_write(path, text);

	return ret ? fail_errno(r->ctx.err, ret, "setting %s to %s", path, text) : 0;
}

/* Only what differs: /proc/sys can be read-only. */
static int var_restore(struct restore *r)
{
	const IpcVarEntry *e = r->ns->ipc->var;
	unsigned long long v[4] = { 0 };
	char text[128];
	int ret = 0;

	if (e->n_sem_ctls == 4 && numbers_read("/proc/sys/kernel/sem", v) == 4 &&
	    (v[0] != e->sem_ctls[0] || v[1] != e->sem_ctls[1] || v[2] != e->sem_ctls[2] ||
	     v[3] != e->sem_ctls[3])) {
		snprintf(text, sizeof(text), "%u %u %u %u", e->sem_ctls[0], e->sem_ctls[1],
			 e->sem_ctls[2], e->sem_ctls[3]);
		ret = limit_restore(r, "/proc/sys/kernel/sem", text);
	}
	for (size_t i = 0; i < NR_LIMITS && !ret; i++) {
		const void *field = (const char *)e + limits[i].at;
		unsigned long long want = limits[i].wide ? *(const uint64_t *)field :
							   *(const uint32_t *)field;

		if (limits[i].at == offsetof(IpcVarEntry, mq_msg_default) &&
		    !e->has_mq_msg_default)
			continue;
		if (limits[i].at == offsetof(IpcVarEntry, mq_msgsize_default) &&
		    !e->has_mq_msgsize_default)
			continue;
		if (numbers_read(limits[i].path, v) < 1 || v[0] == want)
			continue;
		snprintf(text, sizeof(text), "%llu", want);
		ret = limit_restore(r, limits[i].path, text);
	}
	return ret;
}

/* ---- making one object ---- */

static int make_as(const struct ipc_owner *owner, int (*get)(const void *object),
		   const void *object)
{
	int status = 0;
	pid_t pid;

	if (!owner->cuid && !owner->cgid)
		return get(object) < 0 ? -errno : 0;
	/* whoever makes it is its creator for ever; the ids of this task stay what they are */
	pid = fork();
	if (!pid) {
		if (syscall(SYS_setresgid, owner->cgid, owner->cgid, owner->cgid) ||
		    syscall(SYS_setresuid, owner->cuid, owner->cuid, owner->cuid))
			_exit(EPERM);
		_exit(get(object) < 0 ? errno : 0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -ECHILD;
}

int ipc_make(struct restore *r, const struct ipc_owner *owner, const char *what,
	     int (*get)(const void *object), const void *object)
{
	char path[64], text[16];
	int ret;

	snprintf(path, sizeof(path), "/proc/sys/kernel/%s_next_id", what);
	snprintf(text, sizeof(text), "%u", owner->id);
	ret = text_write(path, text);
	if (ret)
		return fail_errno(r->ctx.err, ret, "%s cannot be written, by which a System V "
				  "object gets its identifier again", path);
	ret = make_as(owner, get, object);
	if (ret == -EEXIST)
		return fail(r->ctx.err, ret, "a System V object (%s) with key %#x exists already; "
			    "remove it (ipcrm), or restore in an IPC namespace of its own", what,
			    owner->key);
	return ret ? fail_errno(r->ctx.err, ret, "making the System V object (%s) %u", what,
				owner->id) : 0;
}

/* ---- the namespace ---- */

static int ipc_collect(struct dump *d, const struct dump_task *task)
{
	struct seminfo info;
	int order;

	if (task->state == TASK_DEAD)
		return 0;
	order = sys_kcmp(task->live_tid, getpid(), KCMP_SYSVSEM, 0, 0);
	if (order <= 0 || semctl(0, 0, SEM_INFO, &info) < 0 || !info.semusz)
		return 0;
	return dump_refuse(d, "pid %d has used System V semaphores with SEM_UNDO; what its end "
			   "would undo cannot be seen, so it cannot be kept: not supported",
			   task->pid);
}

/* Objects outlive their users; but what is attached must be there at a restore. */
static int ipc_collect_end(struct dump *d)
{
	int ret = d->ns->flags & CLONE_NEWIPC ? 0 : ipc_shm_check_attached(d);

	return ret || d->ns->flags & CLONE_NEWIPC ? ret : ipc_mq_check_open(d);
}

static int ipc_dump(struct dump *d, uint32_t id)
{
	int ret = var_dump(d, id);

	if (!ret)
		ret = ipc_shm_dump(d, id);
	if (!ret)
		ret = ipc_msg_dump(d, id);
	if (!ret)
		ret = ipc_sem_dump(d, id);
	return ret ? ret : ipc_mq_dump(d, id);
}

static int ipc_dump_part(struct dump *d, uint32_t id)
{
	int ret = ipc_shm_dump_attached(d, id);

	return ret ? ret : ipc_mq_dump_open(d, id);
}

static int images_alloc(struct restore *r)
{
	r->ns->ipc = calloc(1, sizeof(*r->ns->ipc));
	return r->ns->ipc ? 0 : fail_errno(r->ctx.err, -ENOMEM, "the IPC namespace");
}

static int ipc_read(struct restore *r, uint32_t id)
{
	ProtobufCMessage *msg;
	int ret = images_alloc(r);

	if (ret)
		return ret;
	ret = image_read_one(r->ctx.images_fd, IMG_IPC_VAR, id, &ipc_var_entry__descriptor, &msg);
	if (ret)
		return fail(r->ctx.err, ret, "%s", image_error());
	r->ns->ipc->var = (IpcVarEntry *)msg;
	ret = ipc_shm_read(r, id);
	if (!ret)
		ret = ipc_msg_read(r, id);
	if (!ret)
		ret = ipc_sem_read(r, id);
	return ret ? ret : ipc_mq_read(r);
}

static int ipc_restore(struct restore *r)
{
	int ret = var_restore(r);

	if (!ret)
		ret = ipc_shm_restore(r);
	if (!ret)
		ret = ipc_msg_restore(r);
	if (!ret)
		ret = ipc_sem_restore(r);
	return ret ? ret : ipc_mq_restore(r);
}

static int ipc_restore_part(struct restore *r)
{
	int ret = ipc_shm_restore(r);

	return ret ? ret : ipc_mq_restore(r);
}

static void ipc_undo_part(struct restore *r)
{
	ipc_shm_undo(r);
	ipc_mq_undo(r);
}

static int ipc_read_part(struct restore *r, uint32_t id)
{
	int ret = images_alloc(r);

	if (!ret)
		ret = ipc_shm_read(r, id);
	return ret ? ret : ipc_mq_read(r);
}

const struct ns_kind ipc_ns_kind = {
	.type = NS_IPC,
	.name = "ipc",
	.clone_flag = CLONE_NEWIPC,
	.collect = ipc_collect,
	.collect_end = ipc_collect_end,
	.dump = ipc_dump,
	.read = ipc_read,
	.restore = ipc_restore,
	.joinable = true,
	.dump_part = ipc_dump_part,
	.read_part = ipc_read_part,
	.restore_part = ipc_restore_part,
	.finish_part = ipc_shm_finish,
	.undo_part = ipc_undo_part,
};
