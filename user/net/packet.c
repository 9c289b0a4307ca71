// SPDX-License-Identifier: GPL-2.0
/*
 * Packet sockets: protocol, device, groups, options, fanout group and rings. Seen with
 * getsockopt(2) on the description itself, and in what packet_diag tells. Packets that
 * wait outside of a ring are lost, as the network may lose any. The program that a fanout
 * group chooses by (PACKET_FANOUT_DATA) cannot be read back: refused.
 * All are restored by one task, and bound when the last of them is made: bringing a ring
 * to where it was takes packets that no other must see.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image/vma.pb-c.h"
#include "kapi/peek_packet.h"
#include "lib/cleanup.h"
#include "net/inet.h"
#include "net/packet.h"

#define PACKET_VNET_HDR_SZ_NR 24 /* Linux 6.4 */
#define FANOUT_NONE	      UINT32_MAX
#define FANOUT_TYPE(value)    ((value) >> 16 & 0xff)
#define NR_TRIES	      20   /* the list may change while it is read */
#define NR_GROUPS_MAX	      4096 /* memberships of one socket */

/* Numbers that the format has no room for, 0 on a new socket; those before any ring first. */
static const struct { int name; bool before_rings; } options[] = {
	{ PACKET_VNET_HDR_SZ_NR, true }, { PACKET_TX_HAS_OFF, false },
	{ PACKET_QDISC_BYPASS, false },	 { PACKET_IGNORE_OUTGOING, false },
};

#define NR_OPTIONS (sizeof(options) / sizeof(options[0]))

struct packet_dump {
	PacketSockEntry entry;
	SkOptsEntry opts;
	PacketRing rx, tx;
	CrctlSocketEntry *extra;
};

static bool packet_match(const struct fd_info *fd)
{
	return fd->family == AF_PACKET;
}

/* ---- dump: what packet_diag tells ---- */

static void table_clear(struct packet_table *t)
{
	array_for_each(&t->sockets, s)
		free((void *)s->diag.groups);
	array_free(&t->sockets);
}

void packet_table_free(struct packet_table *t)
{
	if (!t)
		return;
	table_clear(t);
	peek_packet_close(t->peek);
	free(t);
}

static int table_add(void *arg, const struct diag_packet *sk)
{
	struct packet_table *t = arg;
	size_t len = sk->nr_groups * sizeof(*sk->groups);
	struct diag_packet_group *groups = malloc(len + 1);
	struct packet_info *info = groups ? array_add(&t->sockets) : NULL;

	if (!info) {
		free(groups);
		return -ENOMEM;
	}
	if (len)
		memcpy(groups, sk->groups, len);
	info->diag = *sk;
	info->diag.groups = groups;
	return 0;
}

static int by_ino(const void *a, const void *b)
{
	const struct packet_info *x = a, *y = b;

	return x->diag.ino < y->diag.ino ? -1 : x->diag.ino > y->diag.ino;
}

static int table_read(struct packet_table *t)
{
	int ret = -EAGAIN;

	for (int i = 0; ret == -EAGAIN && i < NR_TRIES; i++) {
		table_clear(t);
		ret = diag_packet_list(table_add, t);
	}
	if (!ret && t->sockets.nr)
		qsort(t->sockets.items, t->sockets.nr, sizeof(*t->sockets.items), by_ino);
	return ret;
}

static int info_find(struct dump *d, uint32_t ino, struct packet_info **ret_info)
{
	struct packet_info key = { .diag.ino = ino };
	int ret = 0;

	if (!d->net->packets) {
		d->net->packets = calloc(1, sizeof(*d->net->packets));
		ret = d->net->packets ? table_read(d->net->packets) : -ENOMEM;
	}
	if (ret)
		return ret;
	*ret_info = d->net->packets->sockets.nr ?
			    bsearch(&key, d->net->packets->sockets.items,
				    d->net->packets->sockets.nr, sizeof(key), by_ino) : NULL;
	return *ret_info ? 0 : -ENOENT;
}

static int groups_dump(struct dump_file *file, const struct diag_packet *diag,
		       PacketSockEntry *e)
{
	PacketMclist *entries;
	size_t nr = 0;

	for (size_t i = 0; i < diag->nr_groups; i++)
		nr += diag->groups[i].nr;
	if (nr > NR_GROUPS_MAX)
		return -E2BIG;
	e->mclist = file_alloc(file, nr * sizeof(*e->mclist));
	entries = file_alloc(file, nr * sizeof(*entries));
	if (!e->mclist || !entries)
		return -ENOMEM;
	for (size_t i = 0; i < diag->nr_groups; i++) {
		const struct diag_packet_group *g = &diag->groups[i];

		for (uint32_t times = 0; times < g->nr; times++) {
			PacketMclist *m = &entries[e->n_mclist];

			packet_mclist__init(m);
			m->index = g->index;
			m->type = g->type;
			m->addr.data = (uint8_t *)g->addr;
			m->addr.len = g->addr_len <= sizeof(g->addr) ? g->addr_len : 0;
			e->mclist[e->n_mclist++] = m;
		}
	}
	return 0;
}

static PacketRing *ring_dump(const struct diag_packet_ring *diag, PacketRing *ring)
{
	if (!diag->block_size)
		return NULL;
	packet_ring__init(ring);
	ring->block_size = diag->block_size;
	ring->block_nr = diag->block_nr;
	ring->frame_size = diag->frame_size;
	ring->frame_nr = diag->frame_nr;
	ring->retire_tmo = diag->retire_ms;
	ring->sizeof_priv = diag->priv_len;
	ring->features = diag->features;
	return ring;
}

/* ---- dump: the socket ---- */

/* 0 where the kernel has no such option. */
static uint32_t option_get(int fd, int name)
{
	uint32_t value = 0;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_PACKET, name, &value, &len) ? 0 : value;
}

static int options_dump(struct dump *d, const struct fd_info *fd, struct packet_dump *sk)
{
	PacketSockEntry *e = &sk->entry;
	int ret = 0;

	e->aux_data = option_get(fd->local_fd, PACKET_AUXDATA);
	e->orig_dev = option_get(fd->local_fd, PACKET_ORIGDEV);
	e->vnet_hdr = option_get(fd->local_fd, PACKET_VNET_HDR);
	e->loss = option_get(fd->local_fd, PACKET_LOSS);
	for (size_t i = 0; i < NR_OPTIONS && !ret; i++) {
		uint32_t value = option_get(fd->local_fd, options[i].name);

		if (!value)
			continue;
		ret = socket_extra(d, e->id, &sk->extra);
		if (!ret)
			ret = socket_extra_opt(sk->extra, SOL_PACKET, options[i].name, &value,
					       sizeof(value));
	}
	return ret;
}

/* A device that is gone is number -1 to the socket, which then is bound to nothing. */
static int name_dump(const struct fd_info *fd, PacketSockEntry *e)
{
	struct sockaddr_ll name = { 0 };
	socklen_t len = sizeof(name);

	if (getsockname(fd->local_fd, (struct sockaddr *)&name, &len))
		return -errno;
	if (name.sll_ifindex < 0)
		return 0;
	e->protocol = name.sll_protocol;
	e->ifindex = (uint32_t)name.sll_ifindex;
	return 0;
}

/* A number of 0 is a group too. */
static int fanout_dump(struct dump *d, const struct fd_info *fd, PacketSockEntry *e)
{
	uint32_t value = option_get(fd->local_fd, PACKET_FANOUT), type = FANOUT_TYPE(value);

	if (type == PACKET_FANOUT_CBPF || type == PACKET_FANOUT_EBPF)
		return dump_refuse(d, "pid %d fd %d: the packet socket's fanout group chooses by a "
				   "program (PACKET_FANOUT_DATA), which the kernel does not give "
				   "out; close it before the dump", fd->task->pid, fd->fd);
	e->has_fanout = true;
	e->fanout = value;
	return 0;
}

static int packet_state_dump(struct dump *d, const struct fd_info *fd, struct dump_file *file,
			     struct packet_dump *sk)
{
	PacketSockEntry *e = &sk->entry;
	struct packet_info *info = NULL;
	int ret = name_dump(fd, e);

	if (!ret)
		ret = info_find(d, (uint32_t)fd->st.st_ino, &info);
	if (!ret)
		ret = groups_dump(file, &info->diag, e);
	if (!ret)
		ret = options_dump(d, fd, sk);
	if (ret)
		return fail_errno(d->ctx.err, ret, "pid %d fd %d: the packet socket (is the module "
				  "packet_diag there?)", fd->task->pid, fd->fd);
	e->version = info->diag.version;
	e->reserve = info->diag.reserve;
	e->timestamp = info->diag.timestamp;
	e->copy_thresh = info->diag.copy_threshold;
	e->rx_ring = ring_dump(&info->diag.rx, &sk->rx);
	e->tx_ring = ring_dump(&info->diag.tx, &sk->tx);
	info->id = e->id;
	info->rings_len = packet_rings_len(e);
	return info->diag.has_fanout ? fanout_dump(d, fd, e) : 0;
}

static int rings_dump(struct dump *d, const struct fd_info *fd, struct packet_dump *sk)
{
	int ret;

	if (!sk->entry.rx_ring && !sk->entry.tx_ring)
		return 0;
	ret = socket_extra(d, sk->entry.id, &sk->extra);
	return ret ? ret : packet_ring_dump(d, fd, &sk->entry, &sk->extra->ring);
}

static void sk_init(const struct dump *d, const struct fd_info *fd, struct dump_file *file,
		    struct packet_dump *sk)
{
	packet_sock_entry__init(&sk->entry);
	sk_opts_entry__init(&sk->opts);
	sk->entry.id = file->entry.id;
	sk->entry.flags = fd->flags;
	sk->entry.fown = &file->fown;
	sk->entry.opts = &sk->opts;
	sk->entry.has_ns_id = true;
	sk->entry.ns_id = dump_net_ns_id(d);
	file->entry.psk = &sk->entry;
}

static int packet_dump_fd(struct dump *d, const struct fd_info *fd, struct dump_file *file)
{
	struct packet_dump *sk = file_alloc(file, sizeof(*sk));
	int type = 0, ret = sk ? net_dump_begin(d) : -ENOMEM;
	socklen_t len = sizeof(type);

	if (!ret && getsockopt(fd->local_fd, SOL_SOCKET, SO_TYPE, &type, &len))
		ret = -errno;
	if (!ret)
		ret = netns_is_own(d, fd->local_fd);
	if (!ret)
		return dump_refuse(d, "pid %d fd %d: the socket belongs to another network "
				   "namespace than crctl, which is not supported yet",
				   fd->task->pid, fd->fd);
	if (ret < 0)
		return fail_errno(d->ctx.err, ret, "pid %d fd %d: the packet socket",
				  fd->task->pid, fd->fd);
	if (type != SOCK_RAW && type != SOCK_DGRAM)
		return dump_refuse(d, "pid %d fd %d: a packet socket of type %d (SOCK_PACKET) is "
				   "not supported; close it before the dump", fd->task->pid,
				   fd->fd, type);
	sk_init(d, fd, file, sk);
	sk->entry.type = (uint32_t)type;
	ret = packet_state_dump(d, fd, file, sk);
	if (!ret)
		ret = rings_dump(d, fd, sk);
	return ret ? ret : socket_opts_dump(d, fd, file, &sk->opts, &sk->extra);
}

/* Areas name the socket by its inode until here. */
static int vma_resolve(struct dump *d, const struct dump_socket_vma *v)
{
	VmaEntry *e = v->entry;
	struct packet_info *info = NULL;
	int ret = d->net && d->net->packets ? info_find(d, (uint32_t)e->shmid, &info) : -ENOENT;

	if (ret && ret != -ENOENT)
		return ret;
	if (ret || !info->id)
		return dump_refuse(d, "pid %d mapping %lx-%lx: the ring of a socket that is no "
				   "packet socket of the tree; unmap it before the dump",
				   v->task->pid, (unsigned long)e->start, (unsigned long)e->end);
	if (info->rings_len != e->end - e->start)
		return dump_refuse(d, "pid %d mapping %lx-%lx: a part of a packet socket's ring; "
				   "map all of it, or none", v->task->pid,
				   (unsigned long)e->start, (unsigned long)e->end);
	e->shmid = info->id;
	return 0;
}

static int packet_collect_end(struct dump *d)
{
	int ret = 0;

	array_for_each(&d->socket_vmas, v) {
		ret = vma_resolve(d, v);
		if (ret)
			break;
	}
	array_free(&d->socket_vmas);
	return ret;
}

/* ---- restore ---- */

static int packet_check(struct restore *r, const struct restore_file *file)
{
	const PacketSockEntry *e = file->entry->psk;
	const CrctlSocketEntry *extra = socket_extra_find(r, file->id);
	bool sane = e && (e->type == SOCK_RAW || e->type == SOCK_DGRAM) &&
		    e->version <= PACKET_V3 && e->protocol <= UINT16_MAX &&
		    e->n_mclist <= NR_GROUPS_MAX && e->ifindex <= INT32_MAX;

	for (size_t i = 0; sane && i < e->n_mclist; i++)
		sane = e->mclist[i]->addr.len <= 32 && e->mclist[i]->type <= UINT16_MAX;
	if (!sane)
		return fail(r->ctx.err, -EINVAL, "files.img: open file %u is no packet socket "
			    "that can be", file->id);
	return packet_ring_check(r, file->id, e, extra ? extra->ring : NULL);
}

uint64_t restore_ring_len(const struct restore_file *file)
{
	return file->entry->psk ? packet_rings_len(file->entry->psk) : 0;
}

static uint32_t packet_group(const struct restore_file *file)
{
	return 1;
}

/* Who maps a ring needs the socket, also without a descriptor of it. */
static int packet_plan(struct restore *r)
{
	array_for_each(&r->tasks, it) {
		struct restore_task *t = *it;

		for (size_t i = 0; i < t->nr_vmas; i++) {
			struct restore_file *f;

			if (!(t->vmas[i].entry->status & VMA_SOCKET))
				continue;
			f = restore_file_find(r, (uint32_t)t->vmas[i].entry->shmid);
			if (!f->owner)
				return fail(r->ctx.err, -EINVAL, "mm-%u.img maps open file %u, "
					    "which no task has open", t->pid, f->id);
			if (f->owner != t) {
				f->owner = restore_task_common(f->owner, t);
				f->nr_tasks = f->nr_tasks < 2 ? 2 : f->nr_tasks;
			}
		}
	}
	return 0;
}

static int option_set(struct restore *r, uint32_t id, int fd, int name, uint32_t value)
{
	if (!value || !setsockopt(fd, SOL_PACKET, name, &value, sizeof(value)))
		return 0;
	return fail_errno(r->ctx.err, -errno, "open file %u: option %d of the packet socket", id,
			  name);
}

static int extras_restore(struct restore *r, uint32_t id, int fd, bool before_rings)
{
	const CrctlSocketEntry *extra = socket_extra_find(r, id);

	for (size_t i = 0; extra && i < extra->n_opts; i++) {
		const CrctlSockopt *o = extra->opts[i];

		for (size_t j = 0; o->level == SOL_PACKET && j < NR_OPTIONS; j++) {
			uint32_t value;

			if (o->name != (uint32_t)options[j].name || o->value.len != sizeof(value) ||
			    options[j].before_rings != before_rings)
				continue;
			memcpy(&value, o->value.data, sizeof(value));
			if (option_set(r, id, fd, options[j].name, value))
				return r->ctx.err->ret;
		}
	}
	return 0;
}

/* What no ring may be there for. */
static int options_restore_first(struct restore *r, uint32_t id, const PacketSockEntry *e, int fd)
{
	int ret = option_set(r, id, fd, PACKET_VERSION, e->version);

	if (!ret)
		ret = option_set(r, id, fd, PACKET_RESERVE, e->reserve);
	if (!ret)
		ret = option_set(r, id, fd, PACKET_VNET_HDR, e->vnet_hdr);
	if (!ret)
		ret = option_set(r, id, fd, PACKET_LOSS, e->loss);
	return ret ? ret : extras_restore(r, id, fd, true);
}

static int options_restore(struct restore *r, uint32_t id, const PacketSockEntry *e, int fd)
{
	int ret = option_set(r, id, fd, PACKET_AUXDATA, e->aux_data);

	if (!ret)
		ret = option_set(r, id, fd, PACKET_ORIGDEV, e->orig_dev);
	if (!ret)
		ret = option_set(r, id, fd, PACKET_TIMESTAMP, e->timestamp);
	if (!ret)
		ret = option_set(r, id, fd, PACKET_COPY_THRESH, e->copy_thresh);
	return ret ? ret : extras_restore(r, id, fd, false);
}

static int groups_restore(struct restore *r, uint32_t id, const PacketSockEntry *e, int fd)
{
	struct {
		int index;
		unsigned short type, addr_len;
		unsigned char addr[32];
	} m;	/* struct packet_mreq_max of the kernel */

	for (size_t i = 0; i < e->n_mclist; i++) {
		memset(&m, 0, sizeof(m));
		m.index = (int)e->mclist[i]->index;
		m.type = (unsigned short)e->mclist[i]->type;
		m.addr_len = (unsigned short)e->mclist[i]->addr.len;
		memcpy(m.addr, e->mclist[i]->addr.data, m.addr_len);
		if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &m, sizeof(m)))
			return fail_errno(r->ctx.err, -errno, "open file %u: joining a group on "
					  "device %d", id, m.index);
	}
	return 0;
}

static int packet_make(struct restore *r, struct restore_file *file, int *ret_fd)
{
	const PacketSockEntry *e = file->entry->psk;
	const CrctlSocketEntry *extra = socket_extra_find(r, file->id);
	auto_close int fd = socket(AF_PACKET, (int)e->type | SOCK_CLOEXEC, 0);
	int ret;

	if (fd < 0)
		return fail_errno(r->ctx.err, -errno, "open file %u: a packet socket", file->id);
	ret = sockopt_restore_first(r, file->id, fd, e->opts);
	if (!ret)
		ret = options_restore_first(r, file->id, e, fd);
	if (!ret)
		ret = packet_ring_restore(r, file->id, e, extra ? extra->ring : NULL, fd);
	if (!ret)
		ret = options_restore(r, file->id, e, fd);
	if (!ret)
		ret = groups_restore(r, file->id, e, fd);
	if (!ret)
		ret = sockopt_restore(r, file->id, fd, e->opts);
	if (!ret)
		ret = file_flags_restore(r, file, fd, e->flags & (O_NONBLOCK | O_ASYNC));
	if (!ret)
		*ret_fd = steal_fd(&fd);
	return ret;
}

static int packet_bind(struct restore *r, struct restore_file *file, int fd)
{
	const PacketSockEntry *e = file->entry->psk;
	struct sockaddr_ll name = { .sll_family = AF_PACKET, .sll_ifindex = (int)e->ifindex,
				    .sll_protocol = (uint16_t)e->protocol };

	if ((e->protocol || e->ifindex) && bind(fd, (struct sockaddr *)&name, sizeof(name)))
		return fail_errno(r->ctx.err, -errno, "open file %u: binding the packet socket to "
				  "device %u (is there one with this number?)", file->id,
				  e->ifindex);
	if (!e->has_fanout || e->fanout == FANOUT_NONE)
		return 0;
	if (setsockopt(fd, SOL_PACKET, PACKET_FANOUT, &e->fanout, sizeof(e->fanout)))
		return fail_errno(r->ctx.err, -errno, "open file %u: joining the fanout group %u",
				  file->id, e->fanout & 0xffff);
	return 0;
}

static int packet_restore(struct restore *r, struct restore_file *file, int *ret_fd)
{
	struct restore_file *f = file;
	int ret = packet_make(r, file, ret_fd);

	if (ret)
		return ret;
	for (f = file->group; f && f != file && !ret; f = f->group) {
		int fd;

		if (!f->owner)
			continue;
		ret = packet_make(r, f, &fd);
		if (!ret)
			f->fd = restore_fd_lift(r, fd);
		if (!ret && f->fd < 0)
			ret = fail_errno(r->ctx.err, f->fd, "open file %u", f->id);
	}
	/* nobody makes packets any more */
	if (!ret)
		ret = packet_bind(r, file, *ret_fd);
	for (f = file->group; f && f != file && !ret; f = f->group)
		if (f->owner)
			ret = packet_bind(r, f, f->fd);
	if (ret)
		close(*ret_fd);
	return ret;
}

const struct file_kind packet_kind = {
	.name = "packet socket",
	.type = FD_TYPES__PACKETSK,
	.match = packet_match,
	.dump = packet_dump_fd,
	.collect_end = packet_collect_end,
	.check = packet_check,
	.plan = packet_plan,
	.group = packet_group,
	.restore = packet_restore,
};
