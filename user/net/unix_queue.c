// SPDX-License-Identifier: GPL-2.0
/*
 * What waits in a Unix socket: message by message, with credentials and descriptors in
 * flight. It is peeked at (MSG_PEEK) and stays; beyond the first message that takes
 * SO_PEEK_OFF, which kapi/peek_guard.c puts back. An empty datagram that somebody peeked at
 * before cannot be seen again this way (net/core/datagram.c) and is lost. A byte that
 * is urgent (MSG_OOB) is refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "image/image.h"
#include "image/sk_packet.pb-c.h"
#include "kapi/ask.h"
#include "kapi/holder.h"
#include "kapi/peek_guard.h"
#include "kapi/sys.h"
#include "lib/cleanup.h"
#include "net/unix.h"

#define SCM_PIDFD_NR 4	 /* Linux 6.5 */
#define MAX_RIGHTS 253	 /* SCM_MAX_FD */
#define FIRST_LEN 262144 /* a new socket holds less */
#define CONTROL_LEN (CMSG_SPACE(MAX_RIGHTS * sizeof(int)) + 1024)

/* ---- dump ---- */

/* What one look gave. */
struct look {
	size_t len;	/* of the message, or bytes of a stream */
	int fds[MAX_RIGHTS];
	size_t nr_fds;
	bool has_cred, cut;
	struct ucred cred;
	char sender[108];
	size_t sender_len;
};

static void fds_close(const struct look *l)
{
	for (size_t i = 0; i < l->nr_fds; i++)
		close(l->fds[i]);
}

/* The sender's PID, where only a pidfd of it comes with the message. */
static void cred_of_pidfd(int pidfd, struct look *l)
{
	if (l->has_cred)
		return;
	l->cred = (struct ucred){ .pid = holder_pidfd_pid(pidfd) };
	l->has_cred = l->cred.pid > 0;
}

static void control_read(struct msghdr *msg, struct look *l)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t len = c->cmsg_len - CMSG_LEN(0);

		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_RIGHTS && len <= sizeof(l->fds)) {
			memcpy(l->fds, CMSG_DATA(c), len);
			l->nr_fds = len / sizeof(int);
		} else if (c->cmsg_type == SCM_CREDENTIALS && len >= sizeof(l->cred)) {
			memcpy(&l->cred, CMSG_DATA(c), sizeof(l->cred));
			l->has_cred = l->cred.pid || l->cred.uid != 65534;
		} else if (c->cmsg_type == SCM_PIDFD_NR && len >= sizeof(int)) {
			int pidfd;

			memcpy(&pidfd, CMSG_DATA(c), sizeof(pidfd));
			cred_of_pidfd(pidfd, l);
			if (pidfd >= 0)
				close(pidfd);
		}
	}
	l->cut = msg->msg_flags & MSG_CTRUNC;
}

/* 1: there was something; 0: there is nothing (more). */
static int look_at(int fd, void *buf, size_t size, struct look *l)
{
	char control[CONTROL_LEN] __attribute__((aligned(8)));
	struct sockaddr_un from;
	struct iovec iov = { buf, size };
	struct msghdr msg = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov,
			      .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };
	size_t head = offsetof(struct sockaddr_un, sun_path);
	ssize_t n;

	l->len = l->nr_fds = l->sender_len = 0;
	l->has_cred = l->cut = false;
	n = recvmsg(fd, &msg, MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return errno == EAGAIN || errno == ENOTCONN || errno == EINVAL ? 0 : -errno;
	l->len = (size_t)n;
	control_read(&msg, l);
	if (msg.msg_namelen > head && msg.msg_namelen <= sizeof(from)) {
		l->sender_len = msg.msg_namelen - head;
		memcpy(l->sender, from.sun_path, l->sender_len);
	}
	return 1;
}

static int buffer_room(struct unix_table *t, size_t len)
{
	char *buf;

	if (t->buf_len >= len)
		return 0;
	buf = realloc(t->buf, len);
	if (!buf)
		return -ENOMEM;
	t->buf = buf;
	t->buf_len = len;
	return 0;
}

/* Descriptors in flight stay open here until they have their records. */
static int message_keep(struct unix_table *t, struct unix_socket *s, const struct look *l,
			const char *data, size_t len, bool rights)
{
	struct unix_message *m = array_add(&s->messages);

	if (!m)
		return -ENOMEM;
	m->data = malloc(len + 1);
	if (!m->data)
		return -ENOMEM;
	memcpy(m->data, data, len);
	m->len = len;
	m->has_cred = l->has_cred;
	m->cred = l->cred;
	m->sender_len = l->sender_len;
	memcpy(m->sender, l->sender, l->sender_len);
	if (!rights || !l->nr_fds)
		return 0;
	m->rights = calloc(l->nr_fds, sizeof(*m->rights));
	if (!m->rights)
		return -ENOMEM;
	m->nr_rights = l->nr_fds;
	for (size_t i = 0; i < l->nr_fds; i++) {
		struct unix_flying *f = array_add(&t->flying);

		if (!f)
			return -ENOMEM;
		*f = (struct unix_flying){ l->fds[i], s, s->messages.nr - 1, i };
	}
	return 0;
}

/* Peeking offset that the program has set itself; -1: none. */
static int offset_of(const struct unix_socket *s)
{
	int value = -1;

	for (size_t i = 0; s->extra && i < s->extra->n_opts; i++) {
		const CrctlSockopt *o = s->extra->opts[i];

		if (o->level == SOL_SOCKET && o->name == SO_PEEK_OFF && o->value.len == 4)
			memcpy(&value, o->value.data, 4);
	}
	return value;
}

static int guard_begin(struct dump *d, int fd, const struct unix_socket *s, int offset)
{
	struct unix_table *t = d->files->unix_sockets;
	int ret = t->guard ? 0 : peek_guard_start(&t->guard);

	return ret ? ret : peek_begin(t->guard, fd, offset_of(s), offset);
}

/* The whole next message at @offset into t->buf; 0: there is none. */
static int packet_look(struct dump *d, int fd, int offset, struct look *l)
{
	struct unix_table *t = d->files->unix_sockets;
	int ret = look_at(fd, t->buf, t->buf_len, l);

	while (ret == 1 && l->len > t->buf_len) {
		fds_close(l);
		ret = buffer_room(t, l->len);
		if (!ret)
			ret = peek_move(fd, offset);
		if (!ret)
			ret = look_at(fd, t->buf, t->buf_len, l);
	}
	return ret;
}

static int packets_collect(struct dump *d, int fd, struct unix_socket *s)
{
	struct unix_table *t = d->files->unix_sockets;
	struct look l;
	int offset = 0, ret;
	bool begun = offset_of(s) >= 0;

	ret = begun ? guard_begin(d, fd, s, -1) : 0;
	if (!ret)
		ret = packet_look(d, fd, -1, &l);
	while (ret == 1) {
		/* the end, not an empty message: nothing else tells them apart */
		if (!l.len && s->type == SOCK_SEQPACKET && s->shutdown & 1 &&
		    (size_t)offset >= s->queue_len) {
			ret = 0;
			break;
		}
		ret = l.cut ? -EMFILE : message_keep(t, s, &l, t->buf, l.len, true);
		if (ret)
			break;
		offset += (int)l.len;
		/* the kernel moves on by itself, except from the first */
		if (s->messages.nr == 1)
			ret = begun ? peek_move(fd, offset) : guard_begin(d, fd, s, offset);
		begun = true;
		if (!ret)
			ret = packet_look(d, fd, offset, &l);
	}
	if (begun && peek_end(t->guard) && !ret)
		ret = -EIO;
	return ret;
}

/*
 * A look at a stream ends behind the bytes that descriptors came with, but begins
 * before them; they come with the first byte of those. The kernel copies what was sent
 * at once, or nothing of it: into a buffer that lacks its last byte come the bytes before.
 */
static int rights_begin(int fd, size_t start, size_t len, size_t *ret_at)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), room = (len + page - 1) / page * page;
	char *map = mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			 0);
	int ret = map == MAP_FAILED ? -ENOMEM : peek_move(fd, (int)start);
	ssize_t n;

	if (!ret && mprotect(map + room, page, PROT_NONE))
		ret = -errno;
	if (!ret) {
		n = recv(fd, map + room - (len - 1), len, MSG_PEEK | MSG_DONTWAIT);
		if (n < 0 && errno != EFAULT)
			ret = -errno;
		else
			*ret_at = start + (size_t)(n > 0 ? n : 0);
	}
	if (map != MAP_FAILED)
		munmap(map, room + page);
	return ret;
}

static int bytes_keep(struct dump *d, int fd, struct unix_socket *s, const struct look *l,
		      size_t offset)
{
	struct unix_table *t = d->files->unix_sockets;
	size_t at = offset;
	int ret = 0;

	if (l->nr_fds)
		ret = rights_begin(fd, offset, l->len, &at);
	if (!ret && at > offset)
		ret = message_keep(t, s, l, t->buf, at - offset, false);
	if (!ret)
		ret = message_keep(t, s, l, t->buf + (at - offset), l->len - (at - offset), true);
	return ret;
}

static int bytes_collect(struct dump *d, int fd, struct unix_socket *s)
{
	struct unix_table *t = d->files->unix_sockets;
	size_t total = s->queue_len, offset = 0;
	bool begun = offset_of(s) >= 0;
	struct look l;
	int ret = buffer_room(t, total);

	if (!ret && begun)
		ret = guard_begin(d, fd, s, -1);
	while (!ret && offset < total) {
		ret = look_at(fd, t->buf, total - offset, &l);
		if (ret != 1 || l.cut || !l.len) {
			ret = ret < 0 ? ret : l.cut ? -EMFILE : -EIO;
			break;
		}
		if (!begun && (l.nr_fds || l.len < total)) {
			ret = guard_begin(d, fd, s, 0);
			begun = true;
		} else {
			ret = 0;
		}
		if (!ret)
			ret = bytes_keep(d, fd, s, &l, offset);
		offset += l.len;
		if (!ret && begun)
			ret = peek_move(fd, (int)offset);
	}
	if (begun && peek_end(t->guard) && !ret)
		ret = -EIO;
	return ret;
}

/* Urgent data is a mark among the bytes; looking past it gives no place for it. */
static bool has_urgent(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_OOB | MSG_PEEK | MSG_DONTWAIT) == 1;
}

/* 1: something may wait. A look would take an error that waits, and so cannot be done. */
static int packets_wait(struct dump *d, const struct fd_info *fd)
{
	struct pollfd pfd = { .fd = fd->local_fd, .events = POLLIN };

	if (poll(&pfd, 1, 0) < 0)
		return -errno;
	if (!(pfd.revents & POLLIN))
		return 0;
	if (pfd.revents & POLLERR)
		return dump_refuse(d,
				   "pid %d fd %d: an error waits in the Unix socket together with "
				   "data, which is not supported; let the program read them",
				   fd->task->pid, fd->fd);
	return 1;
}

int unix_queue_collect(struct dump *d, const struct fd_info *fd, struct unix_socket *s)
{
	int ret;

	if (s->state == UNIX_LISTEN || (s->type == SOCK_STREAM && !s->queue_len))
		return 0;
	if (s->type == SOCK_STREAM && has_urgent(fd->local_fd))
		return dump_refuse(d,
				   "pid %d fd %d: an urgent byte (MSG_OOB) waits in the Unix "
				   "socket, which is not supported; let the program read it",
				   fd->task->pid, fd->fd);
	if (s->type != SOCK_STREAM) {
		ret = packets_wait(d, fd);
		if (ret != 1)
			return ret;
	}
	ret = buffer_room(d->files->unix_sockets, FIRST_LEN);
	if (!ret && s->type == SOCK_STREAM)
		ret = bytes_collect(d, fd->local_fd, s);
	else if (!ret)
		ret = packets_collect(d, fd->local_fd, s);
	return ret ? fail_errno(d->ctx.err, ret,
				"pid %d fd %d: what waits in the Unix socket cannot be copied",
				fd->task->pid, fd->fd) :
		     0;
}

static int self_begin(struct dump *d)
{
	struct unix_table *t = d->files->unix_sockets;
	struct dump_task *self;

	if (t->self)
		return 0;
	self = calloc(1, sizeof(*self));
	if (!self)
		return -ENOMEM;
	self->live_tid = getpid();
	self->proc_fd = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	self->pidfd = sys_pidfd_open(getpid());
	self->files_owner = self->fs_owner = self->mm_owner = self;
	t->self = self;
	return self->proc_fd < 0 || self->pidfd < 0 ? -EMFILE : 0;
}

/* Its record, made where no descriptor of the tree has it: then it stays open here. */
static int flying_dump(struct dump *d, struct unix_flying *f, const struct fd_facts *facts)
{
	auto_free struct fd_info *fd = calloc(1, sizeof(*fd));
	unsigned int refused = d->nr_refused;
	struct file_node *node;
	char name[32];
	bool is_new;
	int ret;

	if (!fd)
		return -ENOMEM;
	snprintf(name, sizeof(name), "fd/%d", f->fd);
	fd->task = d->files->unix_sockets->self;
	fd->task->pid = f->holder->pid;
	fd->task->extra = f->holder->task->extra;
	fd->proc_name = name;
	ret = file_collect(d, facts, fd, &node, &is_new);
	if (ret)
		return ret;
	f->holder->messages.items[f->message].rights[f->right] = node->id;
	if (refused != d->nr_refused || (is_new && facts->has_lock))
		return dump_refuse(d,
				   "pid %d fd %d: a descriptor is in flight in this Unix socket "
				   "that cannot be dumped%s", f->holder->pid, f->holder->fd,
				   facts->has_lock ? ": its file is locked" : "");
	if (!is_new) {
		close(f->fd);
		f->fd = -1;
	}
	return 0;
}

static int facts_order(const void *a, const void *b)
{
	return ((const struct fd_facts *)a)->fd - ((const struct fd_facts *)b)->fd;
}

/* The descriptors of crctl itself that came out of queues, by number. */
static int facts_read(struct dump *d, size_t first, size_t end, struct fd_list *list)
{
	struct unix_table *t = d->files->unix_sockets;
	int lost, ret = 0;

	if (d->dev)
		return ask_fds(d->dev, getpid(), t->self->proc_fd, d->buf, list, &lost);
	for (size_t i = first; i < end && !ret; i++) {
		struct fd_facts *facts = array_add(list);
		struct proc_fdinfo info;
		char name[32];

		if (!facts)
			return -ENOMEM;
		snprintf(name, sizeof(name), "fdinfo/%d", t->flying.items[i].fd);
		ret = proc_read_fdinfo(t->self->proc_fd, name, d->buf, &info);
		if (ret)
			return ret;
		*facts = (struct fd_facts){ .fd = t->flying.items[i].fd, .flags = info.flags,
					    .pos = info.pos, .ino = info.ino,
					    .mnt_id = info.mnt_id, .has_lock = info.has_lock };
	}
	if (list->nr)
		qsort(list->items, list->nr, sizeof(*list->items), facts_order);
	return 0;
}

static int facts_compare(const void *a, const void *b)
{
	return *(const int *)a - ((const struct fd_facts *)b)->fd;
}

/* Those from @first on; sockets among them bring more. */
static int flying_round(struct dump *d, size_t first)
{
	struct unix_table *t = d->files->unix_sockets;
	size_t end = t->flying.nr;
	struct fd_list list = { 0 };
	int ret = facts_read(d, first, end, &list);

	for (size_t i = first; i < end && !ret; i++) {
		struct unix_flying f = t->flying.items[i];
		const struct fd_facts *facts = bsearch(&f.fd, list.items, list.nr,
						       sizeof(*list.items), facts_compare);

		ret = facts ? flying_dump(d, &f, facts) : -EBADF;
		t->flying.items[i].fd = f.fd;
	}
	fds_free(&list);
	return ret;
}

int unix_flying_collect(struct dump *d)
{
	struct unix_table *t = d->files->unix_sockets;
	int ret = t->flying.nr ? self_begin(d) : 0;

	for (size_t first = 0; first < t->flying.nr && !ret;) {
		size_t end = t->flying.nr;

		ret = flying_round(d, first);
		first = end;
	}
	return ret && !d->ctx.err->ret ? fail_errno(d->ctx.err, ret, "descriptors in flight") : ret;
}

/* ---- images ---- */

static int packet_extra(struct dump *d, struct unix_socket *s, const struct unix_message *m)
{
	CrctlPacket *p = calloc(1, sizeof(*p)), **slot;
	int ret = p ? socket_extra(d, s->id, &s->extra) : -ENOMEM;

	slot = ret ? NULL : reallocarray(s->extra->packets, s->extra->n_packets + 1, sizeof(p));
	if (!slot) {
		free(p);
		return ret ? ret : -ENOMEM;
	}
	crctl_packet__init(p);
	s->extra->packets = slot;
	slot[s->extra->n_packets++] = p;
	if (m->has_cred) {
		p->cred = calloc(1, sizeof(*p->cred));
		if (!p->cred)
			return -ENOMEM;
		crctl_ucred__init(p->cred);
		p->cred->pid = (uint32_t)m->cred.pid;
		p->cred->uid = m->cred.uid;
		p->cred->gid = m->cred.gid;
	}
	if (m->sender_len) {
		p->sender.data = malloc(m->sender_len);
		if (!p->sender.data)
			return -ENOMEM;
		memcpy(p->sender.data, m->sender, m->sender_len);
		p->sender.len = m->sender_len;
		p->has_sender = true;
	}
	return 0;
}

static int message_write(struct image_writer *w, const struct unix_socket *s,
			 const struct unix_message *m)
{
	SkPacketEntry e = SK_PACKET_ENTRY__INIT;
	ScmEntry scm = SCM_ENTRY__INIT, *scms = &scm;
	int ret;

	e.id_for = s->id;
	e.length = (uint32_t)m->len;
	if (m->nr_rights) {
		scm.type = SCM_RIGHTS;
		scm.rights = m->rights;
		scm.n_rights = m->nr_rights;
		e.scm = &scms;
		e.n_scm = 1;
	}
	ret = image_write(w, &e.base);
	return ret ? ret : image_write_raw(w, m->data, m->len);
}

static int messages_write(struct dump *d, struct image_writer *w, struct unix_socket *s)
{
	bool more = false;
	int ret = 0;

	array_for_each(&s->messages, m)
		more |= m->has_cred || m->sender_len;
	for (size_t i = 0; i < s->messages.nr && !ret; i++) {
		ret = message_write(w, s, &s->messages.items[i]);
		if (!ret && more)
			ret = packet_extra(d, s, &s->messages.items[i]);
	}
	return ret;
}

int unix_queue_write(struct dump *d)
{
	const struct unix_table *t = d->files->unix_sockets;
	struct image_writer *w = NULL;
	bool any = false;
	int close_ret, ret;

	for (size_t i = 0; i < t->tree.nr; i++)
		any |= t->tree.items[i]->messages.nr > 0;
	if (!any)
		return 0;
	ret = image_write_open(d->ctx.images_fd, IMG_SK_QUEUES, 0, &w);
	for (size_t i = 0; i < t->tree.nr && !ret; i++)
		ret = messages_write(d, w, t->tree.items[i]);
	close_ret = image_write_close(w);
	ret = ret ? ret : close_ret;
	return ret ? fail(d->ctx.err, ret, "%s", image_error()) : 0;
}

/* ---- restore ---- */

/* One message on its way. */
struct sending {
	int fd;
	struct msghdr msg;
	struct iovec iov;
	struct unix_address to;
	char control[CONTROL_LEN] __attribute__((aligned(8)));
};

static int sending_room(int fd, uint32_t want)
{
	uint32_t mem = want < 1u << 28 ? want * 2 + 65536 : UINT32_MAX / 4;

	return setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &mem, sizeof(mem)) ? -errno : 0;
}

/* The buffer may be smaller than when the bytes were sent, or sent by many: a larger one. */
static int sending_run(void *arg)
{
	struct sending *s = arg;
	size_t len = s->iov.iov_len;
	uint32_t room = 0;

	for (;;) {
		ssize_t n = sendmsg(s->fd, &s->msg, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n >= 0 && (size_t)n >= s->iov.iov_len)
			return 0;
		if (n > 0) {
			s->iov.iov_base = (char *)s->iov.iov_base + n;
			s->iov.iov_len -= (size_t)n;
			s->msg.msg_control = NULL;	/* it came with the first byte */
			s->msg.msg_controllen = 0;
		}
		if (n < 0 && errno != EAGAIN && errno != EMSGSIZE && errno != ENOBUFS)
			return -errno;
		if (n <= 0 && room >= 1u << 28)
			return -EAGAIN;
		room = room ? room * 4 : (uint32_t)(len < 1u << 20 ? 1u << 20 : len);
		if (sending_room(s->fd, room))
			return -errno;
	}
}

static struct cmsghdr *control_add(struct sending *s, struct cmsghdr *last, int type,
				   const void *data, size_t len)
{
	struct cmsghdr *c;

	s->msg.msg_control = s->control;
	s->msg.msg_controllen += CMSG_SPACE(len);
	c = last ? CMSG_NXTHDR(&s->msg, last) : CMSG_FIRSTHDR(&s->msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), data, len);
	return c;
}

static int rights_open(struct unix_build *b, const struct restore_packet *p, int *fds, size_t *nr)
{
	for (size_t i = 0; i < p->entry->n_scm; i++) {
		const ScmEntry *scm = p->entry->scm[i];

		for (size_t j = 0; j < scm->n_rights && scm->type == SCM_RIGHTS; j++) {
			struct unix_make *m = unix_make_find(b, scm->rights[j]);
			struct restore_file *f = restore_file_find(b->r, scm->rights[j]);
			int ret = 0;

			if (*nr == MAX_RIGHTS)
				return fail(b->r->ctx.err, -EINVAL,
					    "sk-queues.img: a message for open file %u has more "
					    "than %d descriptors", p->id_for, MAX_RIGHTS);
			if (m)
				fds[*nr] = m->fd;
			else
				ret = restore_file_open(b->r, f, &fds[*nr]);
			if (ret)
				return ret;
			(*nr)++;
		}
	}
	return 0;
}

/* A socket that has the sender's name, where another socket of the tree has not. */
static int sender_open(struct unix_build *b, const struct unix_make *m, const CrctlPacket *x,
		       int *ret_fd, bool *ret_own)
{
	struct restore_file *f = unix_named_find(b->r, SOCK_DGRAM, &x->sender);
	struct unix_make *from = f ? unix_make_find(b, f->id) : NULL;
	int fd, ret;

	*ret_own = false;
	if (from && from->fd >= 0) {
		*ret_fd = from->fd;
		return 0;
	}
	fd = socket(AF_UNIX, (int)m->e->type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	ret = unix_name_bind_gone(b, &x->sender, fd);
	if (ret && ret != -EADDRINUSE) {
		close(fd);
		return ret;
	}
	*ret_own = true;
	*ret_fd = fd;
	return 0;
}

static int packet_send(struct unix_build *b, const struct unix_make *m, int fd,
		       const struct unix_address *to, const struct restore_packet *p,
		       const CrctlPacket *x)
{
	struct sending s = { .fd = fd, .iov = { (void *)p->data, p->entry->length } };
	const CrctlUcred *cred = x && x->cred && x->cred->pid ? x->cred : NULL;
	int fds[MAX_RIGHTS], ret;
	struct cmsghdr *last = NULL;
	bool own = false;
	size_t nr = 0;

	ret = rights_open(b, p, fds, &nr);
	if (!ret && to && x && x->has_sender && x->sender.len)
		ret = sender_open(b, m, x, &s.fd, &own);
	if (ret)
		return ret;
	s.msg.msg_iov = &s.iov;
	s.msg.msg_iovlen = 1;
	if (to) {
		s.to = *to;
		s.msg.msg_name = &s.to.addr;
		s.msg.msg_namelen = s.to.len;
	}
	if (cred) {
		struct ucred u = { (pid_t)cred->pid, cred->uid, cred->gid };

		last = control_add(&s, last, SCM_CREDENTIALS, &u, sizeof(u));
	}
	if (nr)
		control_add(&s, last, SCM_RIGHTS, fds, nr * sizeof(int));
	ret = unix_run_as(cred, sending_run, &s);
	if (own)
		close(s.fd);
	return ret;
}

int unix_queue_fill(struct unix_build *b, const struct unix_make *m, int fd,
		    const struct unix_address *to)
{
	size_t nr;
	const struct restore_packet *p = unix_packets_of(b->r, m->file->id, &nr);

	for (size_t i = 0; i < nr; i++) {
		const CrctlPacket *x = m->x && i < m->x->n_packets ? m->x->packets[i] : NULL;
		int ret = packet_send(b, m, fd, to, &p[i], x);

		if (ret == -EAGAIN)
			return fail(b->r->ctx.err, ret,
				    "the Unix socket %u: the %zu messages that wait do not fit "
				    "into it; raise net.unix.max_dgram_qlen",
				    m->file->id, nr);
		if (ret)
			return fail_errno(b->r->ctx.err, ret,
					  "the Unix socket %u: what waits in it", m->file->id);
	}
	return 0;
}
