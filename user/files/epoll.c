// SPDX-License-Identifier: GPL-2.0
/*
 * Epoll descriptors and what they watch, seen in /proc/PID/fdinfo. A target is an
 * open file and the number it was added by; the number may be closed or another's by
 * now, and kcmp(2) tells which file it is. Which targets have an event that nobody
 * has taken yet only the kernel knows, but for whether there is any: where there is
 * none, edge-triggered targets that are ready stay quiet after a restore; else they
 * tell their state once more. One that is disarmed (EPOLLONESHOT) and not ready can
 * still tell of errors and hang-ups, since epoll_ctl(2) always adds those.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "files/files.h"
#include "image/crctl.pb-c.h"
#include "image/eventpoll.pb-c.h"
#include "kapi/proc.h"
#include "kapi/sys.h"
#include "lib/cleanup.h"

/* What stays of the events when a target is disarmed (fs/eventpoll.c). */
#define PRIVATE_EVENTS ((uint32_t)EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE)

/* ---- dump ---- */

static bool epoll_match(const struct fd_info *fd)
{
	return !strcmp(fd->link, "anon_inode:[eventpoll]");
}

static uint64_t field_parse(const char **at, const char *key, int base)
{
	const char *p = strstr(*at, key);
	char *end;
	uint64_t value;

	if (!p)
		return 0;
	value = strtoull(p + strlen(key), &end, base);
	*at = end;
	return value;
}

/* "tfd:        5 events:       19 data:                5  pos:0 ino:61 sdev:8" */
static void target_parse(const char *line, EventpollTfdEntry *e)
{
	e->tfd = (uint32_t)field_parse(&line, "tfd:", 10);
	e->events = (uint32_t)field_parse(&line, "events:", 16);
	e->data = field_parse(&line, "data:", 16);
	e->pos = field_parse(&line, "pos:", 10);
	e->inode = field_parse(&line, "ino:", 16);
	e->dev = (uint32_t)field_parse(&line, "sdev:", 16);
	e->has_pos = e->has_inode = e->has_dev = true;
}

static const char *target_next(const char *line)
{
	const char *p = strncmp(line, "tfd:", 4) ? strstr(line, "\ntfd:") : line;

	return p && *p == '\n' ? p + 1 : p;
}

static int epoll_parse(const char *text, struct dump_file *file, EventpollFileEntry *e)
{
	EventpollTfdEntry *targets;
	size_t nr = 0;

	for (const char *p = target_next(text); p; p = target_next(p + 1))
		nr++;
	targets = file_alloc(file, (nr + 1) * sizeof(*targets));
	e->tfd = file_alloc(file, (nr + 1) * sizeof(*e->tfd));
	if (!targets || !e->tfd)
		return -ENOMEM;
	for (const char *p = target_next(text); p; p = target_next(p + 1)) {
		EventpollTfdEntry *t = &targets[e->n_tfd];

		eventpoll_tfd_entry__init(t);
		t->id = file->entry.id;
		target_parse(p, t);
		e->tfd[e->n_tfd++] = t;
	}
	return 0;
}

static int epoll_dump(struct dump *d, const struct fd_info *fd, struct dump_file *file)
{
	EventpollFileEntry *e = file_alloc(file, sizeof(*e));
	struct epoll_info *info = array_add(&d->files->epolls);
	const char *text;
	int ret = e && info ? fd_read_text(d, fd, false, &text) : -ENOMEM;

	if (ret)
		return ret;
	eventpoll_file_entry__init(e);
	e->id = file->entry.id;
	e->flags = fd->flags;
	e->fown = &file->fown;
	file->entry.epfd = e;
	*info = (struct epoll_info){ fd->task, fd->fd, e, false };
	return epoll_parse(text, file, e);
}

/* A target in the order of numbers; @nth among those of the same number. */
struct target {
	EventpollTfdEntry *entry;
	uint32_t index, nth;
};

static int target_compare(const void *a, const void *b)
{
	const struct target *x = a, *y = b;

	if (x->entry->tfd != y->entry->tfd)
		return x->entry->tfd < y->entry->tfd ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static struct target *targets_sorted(const EventpollFileEntry *e)
{
	struct target *targets = calloc(e->n_tfd + 1, sizeof(*targets));

	for (size_t i = 0; targets && i < e->n_tfd; i++)
		targets[i] = (struct target){ e->tfd[i], (uint32_t)i, 0 };
	if (targets)
		qsort(targets, e->n_tfd, sizeof(*targets), target_compare);
	for (size_t i = 1; targets && i < e->n_tfd; i++)
		if (targets[i].entry->tfd == targets[i - 1].entry->tfd)
			targets[i].nth = targets[i - 1].nth + 1;
	return targets;
}

/* As sys_kcmp(): the descriptor @fd of @pid against the target. */
static int target_kcmp(const struct epoll_info *info, const struct target *t, pid_t pid, int fd)
{
	struct kcmp_epoll_slot slot = { (uint32_t)info->fd, t->entry->tfd, t->nth };

	return sys_kcmp(pid, info->task->live_tid, KCMP_EPOLL_TFD, (unsigned long)fd,
			(unsigned long)&slot);
}

static int fdinfo_compare(const void *a, const void *b)
{
	const FdinfoEntry *x = *(FdinfoEntry *const *)a, *y = *(FdinfoEntry *const *)b;

	return x->fd < y->fd ? -1 : x->fd > y->fd;
}

/* /proc/PID/fd lists the numbers in order (fs/proc/fd.c). */
static const FdinfoEntry *fd_of_number(const struct dump_task *task, uint32_t number)
{
	FdinfoEntry key = { .fd = number }, *k = &key, **found = NULL;

	if (task->fds.nr)
		found = bsearch(&k, task->fds.items, task->fds.nr, sizeof(k), fdinfo_compare);
	return found ? *found : NULL;
}

/* One socket inode has one open file. */
static bool type_is_socket(FdTypes type)
{
	return type == FD_TYPES__INETSK || type == FD_TYPES__UNIXSK ||
	       type == FD_TYPES__NETLINKSK || type == FD_TYPES__PACKETSK;
}

/* Is it the file that the number names now? */
static int target_in_place(struct dump *d, const struct epoll_info *info, const struct target *t,
			   const FdinfoEntry *now)
{
	int order;

	if (!now)
		return 0;
	if (type_is_socket(now->type))
		return d->files->files.items[now->id - 1]->ino == t->entry->inode;
	order = target_kcmp(info, t, info->task->live_tid, (int)now->fd);
	return order < 0 ? order : !order;
}

/* The node of a target that is not in its place. */
static int target_search(struct dump *d, const struct epoll_info *info, const struct target *t,
			 const struct file_node **ret_node)
{
	struct file_node *n;
	int ret = file_node_first(d->files, t->entry->inode, &n);

	if (ret)
		return ret;
	for (; n; n = n->next_ino) {
		const struct file_node *at = n;

		while (at) {
			int order = target_kcmp(info, t, at->pid, at->fd);

			if (order < 0)
				return order;
			if (!order) {
				*ret_node = at;
				return 0;
			}
			at = order == 1 ? at->greater : at->less;
		}
	}
	return -ENOENT;
}

/* A number that the task has for the file now; readers of the plain format go by it. */
static void target_renumber(const struct epoll_info *info, EventpollTfdEntry *e,
			    const struct file_node *node)
{
	const FdinfoEntry *now = NULL;

	if (node->pid == info->task->live_tid)
		now = fd_of_number(info->task, (uint32_t)node->fd);
	if (now && now->id == node->id)
		e->tfd = now->fd;
}

static int target_moved(struct dump *d, const struct epoll_info *info, const struct target *t)
{
	const struct file_node *node;
	CrctlEpollTarget **slot, *moved;
	CrctlFileEntry *extra;
	int ret = target_search(d, info, t, &node);

	if (ret == -ENOENT)
		return dump_refuse(d, "pid %d fd %d: the epoll watches a file that no task of the "
				   "tree has open any more (it was descriptor %u)",
				   info->task->pid, info->fd, t->entry->tfd);
	if (!ret)
		ret = file_extra(info->task, info->entry->id, &extra);
	if (ret)
		return fail_errno(d->ctx.err, ret, "pid %d fd %d: target %u of the epoll",
				  info->task->pid, info->fd, t->entry->tfd);
	slot = reallocarray(extra->targets, extra->n_targets + 1, sizeof(*slot));
	moved = slot ? calloc(1, sizeof(*moved)) : NULL;
	if (slot)
		extra->targets = slot;
	if (!moved)
		return -ENOMEM;
	crctl_epoll_target__init(moved);
	moved->index = t->index;
	moved->tfd = t->entry->tfd;
	moved->file_id = node->id;
	slot[extra->n_targets++] = moved;
	target_renumber(info, t->entry, node);
	return 0;
}

/*
 * Poll the epoll itself. Not where a target's answer depends on who asks: what is
 * not ready for crctl would be forgotten (fs/eventpoll.c, __ep_eventpoll_poll).
 */
static int epoll_quiet(struct dump *d, const struct epoll_info *info)
{
	struct pollfd pfd = { .events = POLLIN };
	auto_close int fd = -1;
	CrctlFileEntry *extra;
	int ret;

	fd = pfd.fd = sys_pidfd_getfd(info->task->pidfd, info->fd);
	if (fd < 0)
		return fail_errno(d->ctx.err, fd, "pid %d fd %d cannot be looked at",
				  info->task->pid, info->fd);
	if (poll(&pfd, 1, 0))
		return 0;
	ret = file_extra(info->task, info->entry->id, &extra);
	if (!ret)
		extra->has_epoll_quiet = extra->epoll_quiet = true;
	return ret;
}

static int moved_compare(const void *a, const void *b)
{
	const CrctlEpollTarget *x = *(CrctlEpollTarget *const *)a;
	const CrctlEpollTarget *y = *(CrctlEpollTarget *const *)b;

	return x->index < y->index ? -1 : x->index > y->index;
}

static int epoll_collect(struct dump *d, struct epoll_info *info)
{
	auto_free struct target *targets = targets_sorted(info->entry);
	bool edge = false, moved = false, ask = !d->ctx.check_only;
	CrctlFileEntry *extra;
	int ret = targets ? 0 : -ENOMEM;

	for (size_t i = 0; i < info->entry->n_tfd && !ret; i++) {
		const FdinfoEntry *now = fd_of_number(info->task->files_owner,
						      targets[i].entry->tfd);

		edge |= (targets[i].entry->events & (uint32_t)EPOLLET) != 0;
		ret = target_in_place(d, info, &targets[i], now);
		if (ret < 0)
			return fail_errno(d->ctx.err, ret, "pid %d fd %d: the epoll's target %u",
					  info->task->pid, info->fd, targets[i].entry->tfd);
		ask &= ret && now->type != FD_TYPES__SIGNALFD && now->type != FD_TYPES__EVENTPOLL;
		moved |= !ret;
		ret = ret ? 0 : target_moved(d, info, &targets[i]);
	}
	if (!ret && moved && !file_extra(info->task, info->entry->id, &extra) && extra->n_targets)
		qsort(extra->targets, extra->n_targets, sizeof(*extra->targets), moved_compare);
	info->ask = edge && ask;
	return ret;
}

static int epoll_collect_end(struct dump *d)
{
	int ret = 0;

	/* what is refused has no record that a target could name */
	for (size_t i = 0; d->files && !d->nr_refused && i < d->files->epolls.nr && !ret; i++)
		ret = epoll_collect(d, &d->files->epolls.items[i]);
	return ret;
}

/* With the network locked: a packet after the look would be an edge that nobody hears of. */
static int epoll_write(struct dump *d)
{
	int ret = 0;

	for (size_t i = 0; d->files && i < d->files->epolls.nr && !ret; i++)
		if (d->files->epolls.items[i].ask)
			ret = epoll_quiet(d, &d->files->epolls.items[i]);
	return ret;
}

/* ---- restore ---- */

static int epoll_check(struct restore *r, const struct restore_file *file)
{
	const EventpollFileEntry *e = file->entry->epfd;
	const CrctlFileEntry *x = file->extra;

	if (!e)
		return fail(r->ctx.err, -EINVAL, "files.img: open file %u is no epoll", file->id);
	for (size_t i = 0; x && i < x->n_targets; i++) {
		const CrctlEpollTarget *t = x->targets[i];

		if (t->index >= e->n_tfd || !restore_file_find(r, t->file_id) ||
		    (i && t->index <= x->targets[i - 1]->index) || t->tfd > INT32_MAX)
			return fail(r->ctx.err, -EINVAL,
				    "crctl images: target %u of epoll %u is impossible", t->index,
				    file->id);
	}
	return 0;
}

/* What the number names is in the table of who links; the others may be anywhere. */
static int epoll_refs(struct restore *r, const struct restore_file *file, struct file_refs *refs)
{
	const CrctlFileEntry *x = file->extra;
	int ret = 0;

	for (size_t i = 0; x && i < x->n_targets && !ret; i++)
		ret = file_refs_add(refs, x->targets[i]->file_id);
	return ret;
}

static int epoll_restore(struct restore *r, struct restore_file *file, int *ret_fd)
{
	auto_close int fd = epoll_create1(EPOLL_CLOEXEC);
	int ret;

	if (fd < 0)
		return fail_errno(r->ctx.err, -errno, "open file %u: epoll", file->id);
	ret = file_flags_restore(r, file, fd, file->entry->epfd->flags);
	if (!ret)
		*ret_fd = steal_fd(&fd);
	return ret;
}

/* One target on its way back. */
struct watch {
	struct epoll_event event;
	int number;		/* that it is known by */
	int fd;			/* of the file in this process */
	const struct restore_file *file;
	bool disarmed;
};

static struct restore_file *file_of_number(const struct restore *r, const struct restore_task *t,
					   uint32_t number)
{
	const FdinfoEntry *fd = restore_fd_find(t, number);

	return fd ? restore_file_find(r, fd->id) : NULL;
}

/* @moved: what is known of a target that its number does not name; or NULL. */
static int watch_get(struct restore *r, const struct restore_file *file, size_t index,
		     const CrctlEpollTarget *moved, struct watch *ret)
{
	const EventpollTfdEntry *e = file->entry->epfd->tfd[index];
	struct restore_file *target = moved ? restore_file_find(r, moved->file_id) :
					      file_of_number(r, file->linker, e->tfd);
	int fd;

	if (!target)
		return fail(r->ctx.err, -EINVAL,
			    "files.img: epoll %u watches descriptor %u, which pid %u does not have",
			    file->id, e->tfd, file->linker->pid);
	if (restore_file_open(r, target, &fd))
		return r->ctx.err->ret;
	ret->number = (int)(moved ? moved->tfd : e->tfd);
	ret->fd = !moved && target->place_fd >= 0 ? ret->number : fd;
	ret->file = target;
	ret->event.events = e->events;
	ret->event.data.u64 = e->data;
	ret->disarmed = e->events & EPOLLONESHOT && !(e->events & ~PRIVATE_EVENTS);
	return 0;
}

/* The target is known by a number: have it there for a moment. */
static int watch_add(int epoll_fd, const struct watch *w)
{
	struct epoll_event event = w->event;
	int flags, kept, ret = 0;

	if (w->fd == w->number)
		return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, w->fd, &event) ? -errno : 0;
	flags = fcntl(w->number, F_GETFD);
	kept = flags < 0 ? -1 : fcntl(w->number, F_DUPFD_CLOEXEC, 0);
	if ((flags >= 0 && kept < 0) || dup3(w->fd, w->number, O_CLOEXEC) < 0)
		return -errno;
	if (epoll_ctl(epoll_fd == w->number ? kept : epoll_fd, EPOLL_CTL_ADD, w->number, &event))
		ret = -errno;
	close(w->number);
	if (kept >= 0 && dup3(kept, w->number, flags & FD_CLOEXEC ? O_CLOEXEC : 0) < 0)
		ret = -errno;
	if (kept >= 0)
		close(kept);
	return ret;
}

/*
 * Whether a target that is ready must not say so: it has said so before, or is
 * disarmed. A timer could go off just now, and is better heard twice.
 */
static bool watch_hushed(const struct restore_file *file, const struct watch *w)
{
	bool quiet = file->extra && file->extra->epoll_quiet;

	if (w->disarmed)
		return true;
	return quiet && w->event.events & (uint32_t)EPOLLET &&
	       !(w->event.events & (EPOLLONESHOT | EPOLLEXCLUSIVE)) &&
	       w->file->entry->type != FD_TYPES__TIMERFD;
}

/* An event takes a disarmed target's events away: add any that it is ready for. */
static void watch_disarm(struct watch *w)
{
	struct pollfd pfd = { .fd = w->fd, .events = POLLIN | POLLOUT | POLLRDHUP | POLLPRI };

	if (poll(&pfd, 1, 0) > 0)
		w->event.events |= (uint32_t)pfd.revents & ~(uint32_t)POLLNVAL;
}

static int epoll_add_all(struct restore *r, struct restore_file *file, int fd, bool hushed,
			 size_t *ret_nr)
{
	const CrctlFileEntry *x = file->extra;
	size_t m = 0;

	for (size_t i = 0; i < file->entry->epfd->n_tfd; i++) {
		bool moved = x && m < x->n_targets && x->targets[m]->index == i;
		struct watch w = { 0 };
		int ret = watch_get(r, file, i, moved ? x->targets[m] : NULL, &w);

		m += moved;
		if (ret)
			return ret;
		if (watch_hushed(file, &w) != hushed)
			continue;
		if (w.disarmed)
			watch_disarm(&w);
		ret = watch_add(fd, &w);
		if (ret)
			return fail_errno(r->ctx.err, ret, "epoll %u: adding descriptor %d",
					  file->id, w.number);
		(*ret_nr)++;
	}
	return 0;
}

static int epoll_link(struct restore *r, struct restore_file *file, int fd)
{
	struct epoll_event events[64];
	size_t nr_hushed = 0, nr_others = 0;
	int ret = epoll_add_all(r, file, fd, true, &nr_hushed);

	/* each of them speaks once at most */
	for (size_t i = 0; !ret && i <= nr_hushed && epoll_wait(fd, events, 64, 0) > 0; i++)
		;
	return ret ? ret : epoll_add_all(r, file, fd, false, &nr_others);
}

const struct file_kind epoll_kind = {
	.name = "epoll",
	.type = FD_TYPES__EVENTPOLL,
	.match = epoll_match,
	.dump = epoll_dump,
	.collect_end = epoll_collect_end,
	.write = epoll_write,
	.check = epoll_check,
	.refs = epoll_refs,
	.restore = epoll_restore,
	.link = epoll_link,
};
