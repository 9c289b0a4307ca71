// SPDX-License-Identifier: GPL-2.0
/*
 * Open file descriptions of a tree: which descriptors name the same one. Two
 * can only be the same when mount, inode, position and flags are equal, so
 * only those are compared: by the identity that the module told, or with kcmp(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "files/files.h"
#include "image/crctl.pb-c.h"
#include "kapi/dev.h"
#include "kapi/sys.h"

static uint64_t key_hash(const uint64_t *key)
{
	uint64_t h = 0x9e3779b97f4a7c15ull;

	for (int i = 0; i < 4; i++)
		h = (h ^ key[i]) * 0xff51afd7ed558ccdull, h ^= h >> 32;
	return h;
}

static int nodes_grow(struct file_table *t)
{
	size_t cap = t->nodes_cap ? t->nodes_cap * 4 : 1024;
	struct file_node **nodes;

	if (t->nr_nodes < t->nodes_cap)
		return 0;
	nodes = calloc(cap, sizeof(*nodes));
	if (!nodes)
		return -ENOMEM;
	for (size_t i = 0; i < t->nodes_cap; i++) {
		struct file_node *n = t->nodes[i];

		while (n) {
			struct file_node *next = n->next;
			struct file_node **head = &nodes[key_hash(n->key) & (cap - 1)];

			n->next = *head;
			*head = n;
			n = next;
		}
	}
	free(t->nodes);
	t->nodes = nodes;
	t->nodes_cap = cap;
	return 0;
}

static struct file_node *node_new(struct file_table *t, const uint64_t *key,
				  const struct fd_info *fd)
{
	struct file_node *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	memcpy(n->key, key, sizeof(n->key));
	n->identity = fd->id;
	n->pid = fd->task->live_tid;
	n->fd = fd->fd;
	t->nr_nodes++;
	return n;
}

/* As kcmp(2): 0 the same, 1 less, 2 greater. */
static int node_order(const struct fd_info *fd, const struct file_node *n)
{
	if (fd->id && n->identity)
		return fd->id == n->identity ? 0 : fd->id < n->identity ? 1 : 2;
	return sys_kcmp(fd->task->live_tid, n->pid, KCMP_FILE, (unsigned long)fd->fd,
			(unsigned long)n->fd);
}

int file_node_get(struct file_table *t, const struct fd_info *fd, struct file_node **ret_node,
		  bool *ret_new)
{
	/* eventfds have one inode and no position */
	uint64_t key[4] = { (uint64_t)fd->mnt_id, fd->ino, fd->pos + (fd->object << 32),
			    fd->flags };
	struct file_node **at;
	int ret = nodes_grow(t);

	if (ret)
		return ret;
	at = &t->nodes[key_hash(key) & (t->nodes_cap - 1)];
	while (*at && memcmp((*at)->key, key, sizeof(key)))
		at = &(*at)->next;
	*ret_new = !*at;
	if (!*at) {
		*at = *ret_node = node_new(t, key, fd);
		return *at ? 0 : -ENOMEM;
	}
	while (*at) {
		int order = node_order(fd, *at);

		if (order < 0)
			return order;
		if (!order) {
			*ret_node = *at;
			return 0;
		}
		at = order == 1 ? &(*at)->less : &(*at)->greater;
	}
	*ret_new = true;
	*at = *ret_node = node_new(t, key, fd);
	return *at ? 0 : -ENOMEM;
}

/* Before Linux 5.14 fdinfo has no inode, and all are under 0. */
static struct file_node **ino_slot(struct file_table *t, uint64_t ino)
{
	uint64_t key[4] = { ino };

	return &t->by_ino[key_hash(key) & (t->nodes_cap - 1)];
}

static int by_ino_make(struct file_table *t)
{
	t->by_ino = calloc(t->nodes_cap, sizeof(*t->by_ino));
	if (!t->by_ino)
		return -ENOMEM;
	for (size_t i = 0; i < t->nodes_cap; i++) {
		for (struct file_node *n = t->nodes[i]; n; n = n->next) {
			struct file_node **slot = ino_slot(t, n->key[1]);

			n->next_ino = *slot;
			*slot = n;
		}
	}
	return 0;
}

/* Nodes below @n, as a list through `greater`; returns its new head. */
static struct file_node *nodes_list(struct file_node *n, struct file_node *list)
{
	struct file_node *less;

	if (!n)
		return list;
	less = n->less;
	list = nodes_list(n->greater, list);
	n->greater = list;
	n->less = NULL;
	return nodes_list(less, n);
}

/* The tree of @root in the order of kcmp(2), where it was in that of the module. */
static int node_reorder(struct file_node *root)
{
	struct file_node *n = nodes_list(root->greater, NULL), *next;

	n = nodes_list(root->less, n);
	root->identity = 0;
	root->less = root->greater = NULL;
	for (; n; n = next) {
		struct file_node **at = &root;

		next = n->greater;
		n->identity = 0;
		n->greater = NULL;
		while (*at) {
			int order = sys_kcmp(n->pid, (*at)->pid, KCMP_FILE, (unsigned long)n->fd,
					     (unsigned long)(*at)->fd);

			if (order < 0) {
				/* files_free() frees them all */
				n->greater = next;
				for (at = &root; *at; at = &(*at)->less)
					;
				*at = n;
				return order;
			}
			at = order == 1 ? &(*at)->less : &(*at)->greater;
		}
		*at = n;
	}
	return 0;
}

int file_node_first(struct file_table *t, uint64_t ino, struct file_node **ret_first)
{
	struct file_node *first;
	int ret = 0;

	if (!t->nodes_cap)
		return -ENOENT;
	if (!t->by_ino && by_ino_make(t))
		return -ENOMEM;
	first = *ino_slot(t, ino);
	if (!first)
		first = *ino_slot(t, 0);
	for (struct file_node *n = first; n && !ret; n = n->next_ino)
		if (n->identity)
			ret = node_reorder(n);
	if (ret)
		return ret;
	*ret_first = first;
	return first ? 0 : -ENOENT;
}

int files_begin(struct dump *d)
{
	if (d->files)
		return 0;
	d->files = calloc(1, sizeof(*d->files));
	if (!d->files)
		return -ENOMEM;
	d->files->self_fd = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return d->files->self_fd < 0 ? -errno : 0;
}

int file_add(struct dump *d, struct dump_file **ret_file)
{
	struct dump_file *file = calloc(1, sizeof(*file));
	struct dump_file **slot = file ? array_add(&d->files->files) : NULL;

	if (!slot) {
		free(file);
		return -ENOMEM;
	}
	file_entry__init(&file->entry);
	reg_file_entry__init(&file->reg);
	pipe_entry__init(&file->pipe);
	fifo_entry__init(&file->fifo);
	fown_entry__init(&file->fown);
	file->entry.id = ++d->files->last_id;
	*ret_file = *slot = file;
	return 0;
}

struct file_memory {
	struct file_memory *next;
	max_align_t data[];
};

void *file_alloc(struct dump_file *file, size_t len)
{
	struct file_memory *m = calloc(1, sizeof(*m) + len);

	if (!m)
		return NULL;
	m->next = file->memory;
	file->memory = m;
	return m->data;
}

static void file_free(struct dump_file *file)
{
	while (file->memory) {
		struct file_memory *next = file->memory->next;

		free(file->memory);
		file->memory = next;
	}
	free(file->reg.build_id);
	free(file->reg.name);
	free(file);
}

int file_extra(struct dump_task *task, uint32_t id, CrctlFileEntry **ret_extra)
{
	CrctlTaskEntry *x = task->extra;
	CrctlFileEntry *e;

	if (x->n_files && x->files[x->n_files - 1]->id == id) {
		*ret_extra = x->files[x->n_files - 1];
		return 0;
	}
	/* full at each power of two */
	if (!(x->n_files & (x->n_files - 1))) {
		size_t cap = x->n_files ? x->n_files * 2 : 1;
		CrctlFileEntry **files = reallocarray(x->files, cap, sizeof(*files));

		if (!files)
			return -ENOMEM;
		x->files = files;
	}
	e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	crctl_file_entry__init(e);
	e->id = id;
	*ret_extra = x->files[x->n_files++] = e;
	return 0;
}

struct file_owner {
	int pid, signo;
	uint32_t type, uid, euid;	/* type: 0 thread, 1 process, 2 group */
};

static int owner_ask(int fd, struct file_owner *ret)
{
	struct f_owner_ex owner = { 0 };
	uint32_t uids[2] = { 0, 0 };

	if (fcntl(fd, F_GETOWN_EX, &owner))
		return -errno;
	ret->signo = fcntl(fd, F_GETSIG);
	if (owner.pid && fcntl(fd, 17 /* F_GETOWNER_UIDS */, uids))
		return -errno;
	ret->pid = owner.pid;
	ret->type = owner.type == F_OWNER_TID ? 0 : owner.type == F_OWNER_PID ? 1 : 2;
	ret->uid = uids[0];
	ret->euid = uids[1];
	return 0;
}

int fown_dump(struct dump *d, const struct fd_info *fd, FownEntry *fown)
{
	struct file_owner owner = { 0 };
	int ret = 0;

	if ((fd->local_fd < 0 && !fd->told) || fd->flags & O_PATH)
		return 0;
	if (fd->told)
		owner = (struct file_owner){
			.pid = fd->told->owner_pid, .signo = fd->told->owner_signo,
			.type = fd->told->owner_type, .uid = fd->told->owner_uid,
			.euid = fd->told->owner_euid,
		};
	else
		ret = owner_ask(fd->local_fd, &owner);
	if (ret)
		return fail_errno(d->ctx.err, ret, "pid %d fd %d: its owner (F_GETOWN_EX)",
				  fd->task->pid, fd->fd);
	fown->signum = owner.signo > 0 ? (uint32_t)owner.signo : 0;
	if (!owner.pid)
		return 0;
	fown->pid = (uint32_t)owner.pid;
	fown->pid_type = owner.type;
	fown->uid = owner.uid;
	fown->euid = owner.euid;
	return 0;
}

static const struct file_kind *kind_match(const struct fd_info *fd)
{
	for (const struct file_kind *const *k = file_kinds; *k; k++)
		if ((*k)->match && (*k)->match(fd))
			return *k;
	return NULL;
}

int file_dump(struct dump *d, const struct fd_info *fd, uint32_t *ret_id, FdTypes *ret_type)
{
	const struct file_kind *kind = kind_match(fd);
	unsigned int refused = d->nr_refused;
	struct dump_file *file;
	char what[128];
	int ret;

	*ret_id = 0;
	if (!kind)
		return dump_refuse(d, "pid %d %s%s: %s is not supported yet; close it before the "
				   "dump", fd->task->pid, fd->fd >= 0 ? "fd " : "",
				   fd->fd >= 0 ? fd->proc_name + 3 : fd->proc_name,
				   file_describe(fd, what, sizeof(what)));
	ret = file_add(d, &file);
	if (ret)
		return ret;
	file->entry.type = kind->type;
	file->dev = fd->st.st_dev;
	file->ino = fd->st.st_ino;
	file->has_fd = fd->fd >= 0;
	ret = fown_dump(d, fd, &file->fown);
	if (!ret)
		ret = kind->dump(d, fd, file);
	if (!ret && refused == d->nr_refused)
		*ret_id = file->entry.id;
	*ret_type = kind->type;
	return ret;
}

static const struct { const char *link, *what; } anon_names[] = {
	{ "anon_inode:[userfaultfd]", "a userfaultfd" },
	{ "anon_inode:bpf_link", "a BPF link" },
	{ "anon_inode:bpf-link", "a BPF link" },
	{ "anon_inode:bpf_iter", "a BPF iterator" },
	{ "anon_inode:btf", "type information of BPF" },
	{ "anon_inode:bpf-token", "a BPF token" },
	{ "anon_inode:seccomp notify",
	  "the listener of a seccomp filter (SECCOMP_RET_USER_NOTIF)" },
	{ "anon_inode:bpf-prog", "a BPF program" },
	{ "anon_inode:[perf_event]", "a perf event" },
	{ "/dev/pts/", "a pseudo-terminal" },
	{ "/dev/ptmx", "a pseudo-terminal master" },
	{ "/dev/tty", "a terminal" },
	{ "socket:", "a socket" },
	{ "/SYSV", "System V shared memory" },
};

const char *file_describe(const struct fd_info *fd, char *buf, size_t size)
{
	for (size_t i = 0; i < sizeof(anon_names) / sizeof(anon_names[0]); i++) {
		if (!strncmp(fd->link, anon_names[i].link, strlen(anon_names[i].link))) {
			snprintf(buf, size, "%s", anon_names[i].what);
			return buf;
		}
	}
	if (S_ISCHR(fd->st.st_mode) || S_ISBLK(fd->st.st_mode))
		snprintf(buf, size, "the device %.80s (%u:%u)", fd->link, major(fd->st.st_rdev),
			 minor(fd->st.st_rdev));
	else
		snprintf(buf, size, "%.100s", fd->link);
	return buf;
}

static void node_free(struct file_node *n)
{
	if (!n)
		return;
	node_free(n->less);
	node_free(n->greater);
	node_free(n->next);
	free(n);
}

void files_free(struct dump *d)
{
	struct file_table *t = d->files;

	if (!t)
		return;
	for (const struct file_kind *const *k = file_kinds; *k; k++)
		if ((*k)->release)
			(*k)->release(t);
	for (size_t i = 0; i < t->nodes_cap; i++)
		node_free(t->nodes[i]);
	free(t->nodes);
	free(t->by_ino);
	for (size_t i = 0; i < 1024; i++) {
		while (t->linked[i]) {
			struct linked_file *next = t->linked[i]->next;

			free(t->linked[i]);
			t->linked[i] = next;
		}
	}
	for (size_t i = 0; i < t->files.nr; i++)
		file_free(t->files.items[i]);
	array_free(&t->files);
	if (t->self_fd >= 0)
		close(t->self_fd);
	array_free(&t->pipes);
	array_free(&t->ghosts);
	array_free(&t->remaps);
	for (size_t i = 0; i < t->links.nr; i++)
		free(t->links.items[i]);
	array_free(&t->links);
	array_free(&t->epolls);
	array_free(&t->watches);
	memfd_inodes_free(t);
	array_free(&t->locks);
	array_for_each(&t->sockets, s)
		crctl_socket_entry__free_unpacked(*s, NULL);
	array_free(&t->sockets);
	array_for_each(&t->ttys, tty)
		tty_free(*tty);
	array_free(&t->ttys);
	free(t);
	d->files = NULL;
}
