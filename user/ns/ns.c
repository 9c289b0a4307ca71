// SPDX-License-Identifier: GPL-2.0
/*
 * Which namespaces a tree has of its own, seen in the inode numbers of /proc/PID/ns;
 * and the ids by which images name them.
 */
#include "ns/ns.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/core.pb-c.h"
#include "image/inventory.pb-c.h"
#include "kapi/ask.h"
#include "lib/cleanup.h"
#include "ns/mnt.h"
#include "ns/net.h"

#define FIRST_OWN_ID (NS_NR + 1)

/* ---- dump ---- */

static ino_t ns_inode(pid_t pid, const char *name)
{
	char path[64];
	struct stat st;

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, name);
	else
		snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	return stat(path, &st) ? 0 : st.st_ino;
}

int ns_look(struct ns_table *t, pid_t pid)
{
	uint32_t next = FIRST_OWN_ID;

	t->flags = 0;
	for (int i = 0; i < NS_NR; i++) {
		const struct ns_kind *k = ns_kinds[i];

		t->own[i] = ns_inode(0, k->name);
		t->tree[i] = ns_inode(pid, k->name);
		t->id[i] = (uint32_t)i + 1;
		if (!t->own[i])
			continue;
		if (!t->tree[i])
			return -errno;
		if (t->tree[i] == t->own[i])
			continue;
		t->flags |= (uint32_t)k->clone_flag;
		t->id[i] = next++;
	}
	return 0;
}

uint32_t dump_ns_flags(const struct dump *d)
{
	return d->ns->flags;
}

static ino_t task_ns_inode(struct dump *d, const struct dump_task *task, const char *name)
{
	const struct asked asked = dump_asked(d, task);
	uint64_t ino;

	return ask_namespace(&asked, name, &ino) ? 0 : ino;
}

static void task_check_ns(struct dump *d, const struct dump_task *task, const struct ns_kind *k)
{
	ino_t ino = task_ns_inode(d, task, k->name);

	if (!ino || !d->ns->own[k->type])
		return;		/* not in this kernel */
	if (ino != d->ns->tree[k->type])
		dump_refuse(d, "pid %d is in another %s namespace than the root of its tree, "
			    "which is not supported yet", task->pid, k->name);
	else if (ino != d->ns->own[k->type] && !k->dump && task->pid == d->root_pid)
		dump_refuse(d, "pid %d is in a %s namespace other than crctl's, which is not "
			    "supported yet; run crctl inside it", task->pid, k->name);
}

int ns_collect(struct dump *d, const struct dump_task *task)
{
	static const struct {
		enum ns_type type;
		const char *name;
	} later[] = { { NS_PID, "pid_for_children" }, { NS_TIME, "time_for_children" } };

	for (int i = 0; i < NS_NR; i++) {
		const struct ns_kind *k = ns_kinds[i];
		int ret = 0;

		task_check_ns(d, task, k);
		if (task->pid == d->root_pid && d->ns->flags & (uint32_t)k->clone_flag && k->look)
			ret = k->look(d);
		if (ret)
			return ret;
	}
	for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++) {
		ino_t ino = task_ns_inode(d, task, later[i].name);

		if (ino && ino != d->ns->tree[later[i].type])
			dump_refuse(d, "pid %d has asked for another %s namespace for its "
				    "children (unshare(2)), which is not supported yet", task->pid,
				    ns_kinds[later[i].type]->name);
	}
	for (int i = 0; i < NS_NR; i++) {
		int ret = ns_kinds[i]->collect ? ns_kinds[i]->collect(d, task) : 0;

		if (ret)
			return ret;
	}
	return 0;
}

int ns_collect_end(struct dump *d)
{
	int ret = 0;

	for (int i = 0; i < NS_NR && !ret; i++)
		ret = ns_kinds[i]->collect_end ? ns_kinds[i]->collect_end(d) : 0;
	return ret;
}

int ns_write(struct dump *d)
{
	int ret = 0;

	for (int i = 0; i < NS_NR && !ret; i++) {
		const struct ns_kind *k = ns_kinds[i];

		if (d->ns->flags & (uint32_t)k->clone_flag)
			ret = k->dump ? k->dump(d, d->ns->id[i]) : 0;
		else
			ret = k->dump_part ? k->dump_part(d, d->ns->id[i]) : 0;
		if (ret && !d->ctx.err->ret)
			fail_errno(d->ctx.err, ret, "the tree's %s namespace cannot be dumped",
				   k->name);
	}
	return ret;
}

/* Where the id of each kind is in the message. */
static void ns_id_fields(TaskKobjIdsEntry *e, uint32_t *id[NS_NR], protobuf_c_boolean *has[NS_NR])
{
#define FIELD(type, name) id[type] = &e->name, has[type] = &e->has_##name
	FIELD(NS_PID, pid_ns_id);
	FIELD(NS_NET, net_ns_id);
	FIELD(NS_IPC, ipc_ns_id);
	FIELD(NS_UTS, uts_ns_id);
	FIELD(NS_TIME, time_ns_id);
	FIELD(NS_MNT, mnt_ns_id);
	FIELD(NS_USER, user_ns_id);
	FIELD(NS_CGROUP, cgroup_ns_id);
#undef FIELD
}

void ns_fill_ids(const struct ns_table *t, TaskKobjIdsEntry *e)
{
	protobuf_c_boolean *has[NS_NR];
	uint32_t *id[NS_NR];

	ns_id_fields(e, id, has);
	for (int i = 0; i < NS_NR; i++) {
		*has[i] = true;
		*id[i] = t ? t->id[i] : (uint32_t)i + 1;
	}
}

uint32_t dump_net_ns_id(const struct dump *d)
{
	return d->ns->id[NS_NET];
}

/* ---- restore ---- */

/* ---- namespaces that are there already ---- */

int ns_outside_add(struct restore *r, enum ns_type type, int fd, const char *what)
{
	const struct ns_kind *k = ns_kinds[type];

	if (ioctl(fd, NS_GET_NSTYPE) != k->clone_flag)
		return fail(r->ctx.err, -EINVAL, "%s is no %s namespace", what, k->name);
	r->ns->outside_fd[type] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return r->ns->outside_fd[type] < 0 ?
		fail_errno(r->ctx.err, -errno, "the %s namespace %s", k->name, what) : 0;
}

/* NS:FILE or NS:PID */
static int ns_join_read(struct restore *r, const char *text)
{
	const char *where = strchr(text, ':') + 1;
	auto_close int fd = -1;
	char path[64];

	for (int i = 0; i < NS_NR; i++) {
		size_t len = strlen(ns_kinds[i]->name);

		if (strncmp(text, ns_kinds[i]->name, len) || text[len] != ':')
			continue;
		if (!ns_kinds[i]->joinable)
			break;
		snprintf(path, sizeof(path), "/proc/%s/ns/%s", where, ns_kinds[i]->name);
		if (!where[strspn(where, "0123456789")])
			where = path;
		fd = open(where, O_RDONLY | O_CLOEXEC);
		return fd < 0 ? fail_errno(r->ctx.err, -errno, "--join-ns %s", text) :
				ns_outside_add(r, (enum ns_type)i, fd, where);
	}
	return fail(r->ctx.err, -EOPNOTSUPP, "--join-ns %s: only net, ipc and uts can be joined",
		    text);
}

static int ns_outside_begin(struct restore *r)
{
	int ret = 0;

	for (int i = 0; i < NS_NR; i++)
		r->ns->outside_fd[i] = r->ns->here_fd[i] = -1;
	for (size_t i = 0; i < r->ctx.join->items.nr && !ret; i++)
		ret = ns_join_read(r, r->ctx.join->items.items[i]);
	return ret;
}

int ns_outside_found(struct restore *r, pid_t pid)
{
	auto_close int fd = -1;
	char path[64];

	if (!(r->ns->flags & CLONE_NEWNET))
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? fail_errno(r->ctx.err, -errno, "%s", path) :
			ns_outside_add(r, NS_NET, fd, path);
}

int ns_outside_enter(struct restore *r)
{
	for (int i = 0; i < NS_NR; i++) {
		const struct ns_kind *k = ns_kinds[i];
		char path[64];

		if (r->ns->outside_fd[i] < 0)
			continue;
		snprintf(path, sizeof(path), "/proc/self/ns/%s", k->name);
		r->ns->here_fd[i] = open(path, O_RDONLY | O_CLOEXEC);
		if (r->ns->here_fd[i] < 0 || setns(r->ns->outside_fd[i], k->clone_flag))
			return fail_errno(r->ctx.err, -errno, "joining the %s namespace that is "
					  "given for the tree", k->name);
	}
	return 0;
}

int ns_outside_leave(struct restore *r)
{
	for (int i = 0; i < NS_NR; i++) {
		auto_close int fd = r->ns->here_fd[i];

		r->ns->here_fd[i] = -1;
		if (fd >= 0 && setns(fd, ns_kinds[i]->clone_flag))
			return fail_errno(r->ctx.err, -errno, "going back into crctl's own %s "
					  "namespace", ns_kinds[i]->name);
	}
	return 0;
}

static int ns_read_type(struct restore *r, enum ns_type type, uint32_t own, uint32_t id)
{
	const struct ns_kind *k = ns_kinds[type];
	int ret;

	r->ns->id[type] = id;
	if (r->ns->outside_fd[type] >= 0)
		return 0;
	if (id == own)
		return k->read_part ? k->read_part(r, id) : 0;
	if (!k->restore)
		return fail(r->ctx.err, -EOPNOTSUPP,
			    "ids-%u.img: the tree has a %s namespace of its own, which cannot be "
			    "restored yet", r->tasks.items[0]->pid, k->name);
	ret = k->read ? k->read(r, id) : 0;
	if (r->ns->outside_fd[type] < 0)
		r->ns->flags |= (uint32_t)k->clone_flag;
	return ret;
}

/* Every task must be in the root's. */
static int ns_check_task(struct restore *r, const struct restore_task *t)
{
	protobuf_c_boolean *has[NS_NR];
	uint32_t *id[NS_NR];

	ns_id_fields(t->ids, id, has);
	for (int i = 0; i < NS_NR; i++) {
		if (*has[i] && *id[i] != r->ns->id[i])
			return fail(r->ctx.err, -EOPNOTSUPP,
				    "ids-%u.img: the task is in another %s namespace than the root "
				    "of its tree, which is not supported yet", t->pid,
				    ns_kinds[i]->name);
	}
	return 0;
}

int ns_read(struct restore *r)
{
	TaskKobjIdsEntry *own = r->inventory->root_ids, *root = r->tasks.items[0]->ids;
	protobuf_c_boolean *has_own[NS_NR], *has[NS_NR];
	uint32_t *own_id[NS_NR], *id[NS_NR];
	int ret = 0;

	r->ns = calloc(1, sizeof(*r->ns));
	if (!r->ns)
		return fail_errno(r->ctx.err, -ENOMEM, "namespaces");
	ret = ns_outside_begin(r);
	if (ret || !own || !root)
		return ret;
	ns_id_fields(own, own_id, has_own);
	ns_id_fields(root, id, has);
	for (int i = 0; i < NS_NR && !ret; i++) {
		if (*has_own[i] && *has[i])
			ret = ns_read_type(r, (enum ns_type)i, *own_id[i], *id[i]);
		else if (*has[i])
			r->ns->id[i] = *id[i];
	}
	for (size_t i = 1; i < r->tasks.nr && !ret; i++) {
		const struct restore_task *t = r->tasks.items[i];

		if (!t->helper && !t->dead && t->ids)
			ret = ns_check_task(r, t);
	}
	return ret;
}

int ns_restore_part(struct restore *r)
{
	int ret = 0;

	for (int i = 0; i < NS_NR && !ret; i++) {
		const struct ns_kind *k = ns_kinds[i];

		if (!(r->ns->flags & (uint32_t)k->clone_flag) && k->restore_part)
			ret = k->restore_part(r);
	}
	return ret;
}

void ns_finish_part(struct restore *r, bool failed)
{
	for (int i = 0; i < NS_NR; i++) {
		const struct ns_kind *k = ns_kinds[i];

		if (r->ns->flags & (uint32_t)k->clone_flag)
			continue;
		if (k->finish_part)
			k->finish_part(r);
		if (failed && k->undo_part)
			k->undo_part(r);
	}
}

uint64_t ns_clone_flags(const struct restore *r)
{
	return r->ns->flags & ~(uint32_t)(CLONE_NEWTIME | CLONE_NEWCGROUP);
}

void ns_lift_fds(struct restore *r)
{
	if (r->ns->mnt)
		r->ns->mnt->host_fd = fcntl(r->ns->mnt->host_fd, F_DUPFD_CLOEXEC, r->base_fd);
	if (r->ns->net) {
		struct net_images *n = r->ns->net;

		n->host_fd = fcntl(n->host_fd, F_DUPFD_CLOEXEC, r->base_fd);
		n->host_rtnl_fd = fcntl(n->host_rtnl_fd, F_DUPFD_CLOEXEC, r->base_fd);
	}
}

int ns_restore(struct restore *r)
{
	/* mounts last: from then on nothing of crctl's own files can be reached by name */
	static const enum ns_type order[] = { NS_PID, NS_USER, NS_NET, NS_IPC, NS_UTS, NS_TIME,
					      NS_CGROUP, NS_MNT };
	int ret = 0;

	for (size_t i = 0; i < NS_NR && !ret; i++) {
		const struct ns_kind *k = ns_kinds[order[i]];

		if (r->ns->flags & (uint32_t)k->clone_flag && k->restore)
			ret = k->restore(r);
	}
	return ret;
}
