// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors of /dev/net/tun: which device each is attached to, and whether its queue is
 * turned off (IFF_DETACH_QUEUE). The device itself belongs to the network namespace
 * (ns/net_tun.c); one in crctl's own stays only where it is persistent. Packets that wait
 * in the queue are lost, as the network may lose any. A filter that was attached
 * (TUNATTACHFILTER) is refused: the kernel gives out its address alone; BPF programs that
 * choose queues (TUNSETSTEERINGEBPF) show nowhere. The format has the path and the flags
 * in a REG record of the same number.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "image/tun.pb-c.h"
#include "kapi/tun.h"
#include "lib/cleanup.h"
#include "net/inet.h"
#include "net/net.h"

#define TUN_MAJOR 10
#define TUN_MINOR 200

static bool tun_match(const struct fd_info *fd)
{
	return S_ISCHR(fd->st.st_mode) && major(fd->st.st_rdev) == TUN_MAJOR &&
	       minor(fd->st.st_rdev) == TUN_MINOR && !(fd->flags & O_PATH);
}

/* ---- dump ---- */

/* 1: attached, *ret_name is the device; 0: not; or -errno. */
static int device_find(const struct fd_info *fd, char *ret_name, bool *ret_off)
{
	struct ifreq q = { 0 };

	if (ioctl(fd->local_fd, TUNGETIFF, &q))
		return errno == EBADFD ? 0 : -errno;
	snprintf(ret_name, IF_NAMESIZE, "%.*s", IF_NAMESIZE - 1, q.ifr_name);
	*ret_off = q.ifr_flags & IFF_DETACH_QUEUE;
	return 1;
}

static int tun_refuse(struct dump *d, const struct fd_info *fd, const char *name, const char *why)
{
	return dump_refuse(d, "pid %d fd %d: the tun device %s %s", fd->task->pid, fd->fd, name,
			   why);
}

/* What the device has and only a descriptor of it tells. */
static int device_note(struct dump *d, const struct fd_info *fd, const char *name,
		       struct tun_link *link, int32_t *ret_sndbuf)
{
	struct dump_tun *tun;
	struct tun_settings s;
	int ret = tun_link_find(name, link);

	if (!ret)
		ret = tun_settings_get(fd->local_fd, &s);
	if (ret)
		return ret;
	*ret_sndbuf = s.sndbuf;
	link->flags |= s.flags;
	array_for_each(&d->tuns, known)
		if (!strcmp(known->name, name))
			return 0;
	tun = array_add(&d->tuns);
	if (!tun)
		return -ENOMEM;
	tun->settings = s;
	snprintf(tun->name, sizeof(tun->name), "%s", name);
	return 0;
}

static bool has_filter(const struct fd_info *fd)
{
	struct sock_fprog prog = { 0 };

	return !ioctl(fd->local_fd, TUNGETFILTER, &prog) && prog.len;
}

static int attached_dump(struct dump *d, const struct fd_info *fd, struct dump_file *file,
			 TunfileEntry *e)
{
	bool own = dump_ns_flags(d) & CLONE_NEWNET && !(d->ctx.empty_ns & CLONE_NEWNET);
	CrctlFileEntry *extra;
	struct tun_link link;
	int32_t sndbuf = INT_MAX;
	int ret = netns_is_here(fd->local_fd, TUNGETDEVNETNS);

	if (!ret)
		return tun_refuse(d, fd, e->netdev, "is in another network namespace than the "
				  "descriptor was opened in, which is not supported");
	if (ret > 0)
		ret = device_note(d, fd, e->netdev, &link, &sndbuf);
	if (ret)
		return fail_errno(d->ctx.err, ret, "pid %d fd %d: the tun device %s",
				  fd->task->pid, fd->fd, e->netdev);
	if (has_filter(fd))
		return tun_refuse(d, fd, e->netdev, "has a filter (TUNATTACHFILTER), which the "
				  "kernel does not give out");
	if (own)
		return 0;
	if (!(link.flags & IFF_PERSIST))
		return tun_refuse(d, fd, e->netdev, "would be gone with the tree, and all that is "
				  "set on it: give the tree a network namespace of its own, or "
				  "make the device persistent (ip tuntap add)");
	ret = file_extra(fd->task, file->entry.id, &extra);
	if (ret)
		return ret;
	extra->has_tun_flags = true;
	extra->tun_flags = link.flags;
	extra->has_tun_sndbuf = true;
	extra->tun_sndbuf = sndbuf;
	return 0;
}

static int tun_dump_fd(struct dump *d, const struct fd_info *fd, struct dump_file *file)
{
	TunfileEntry *e = file_alloc(file, sizeof(*e));
	char *name = file_alloc(file, IF_NAMESIZE);
	struct dump_file *reg;
	bool off = false;
	int ret = e && name ? netns_is_here(fd->local_fd, GET_SOCKET_NETNS) : -ENOMEM, attached;

	if (!ret)
		return dump_refuse(d, "pid %d fd %d: /dev/net/tun was opened in another network "
				   "namespace than crctl's, which is not supported yet",
				   fd->task->pid, fd->fd);
	attached = ret < 0 ? ret : device_find(fd, name, &off);
	if (attached >= 0)
		ret = file_add(d, &reg);
	if (attached < 0 || ret < 0)
		return fail_errno(d->ctx.err, attached < 0 ? attached : ret,
				  "pid %d fd %d: /dev/net/tun", fd->task->pid, fd->fd);
	reg->fown = file->fown;
	ret = reg_dump_entry(d, fd, reg);
	if (ret)
		return ret;
	reg->entry.id = reg->reg.id = file->entry.id;
	tunfile_entry__init(e);
	e->id = file->entry.id;
	e->has_ns_id = true;
	e->ns_id = dump_net_ns_id(d);
	e->has_detached = e->detached = off;
	e->netdev = attached ? name : NULL;
	file->entry.tunf = e;
	return attached ? attached_dump(d, fd, file, e) : 0;
}

/* ---- restore ---- */

static int tun_check(struct restore *r, const struct restore_file *file)
{
	const TunfileEntry *e = file->entry->tunf;
	bool sane = e && file->entry->reg;

	if (sane && e->netdev)
		sane = *e->netdev && strlen(e->netdev) < IF_NAMESIZE &&
		       !strpbrk(e->netdev, "/%: ");
	return sane ? 0 : fail(r->ctx.err, -EINVAL, "files.img: open file %u has no path of "
			       "/dev/net/tun, or no device that can be", file->id);
}

/* As the network namespace's images say, or what was noted of one that is not in them. */
static struct restore_tun device_find_again(const struct restore *r,
					    const struct restore_file *file)
{
	const CrctlFileEntry *x = file->extra;

	array_for_each(&r->tuns, tun)
		if (!strcmp(tun->name, file->entry->tunf->netdev))
			return *tun;
	return (struct restore_tun){ .name = file->entry->tunf->netdev,
				     .flags = x && x->has_tun_flags ? x->tun_flags : 0,
				     .sndbuf = x && x->has_tun_sndbuf ? x->tun_sndbuf : INT_MAX };
}

static int device_attach(struct restore *r, const struct restore_file *file, int fd)
{
	const TunfileEntry *e = file->entry->tunf;
	const struct restore_tun tun = device_find_again(r, file);
	struct ifreq q = { .ifr_flags = (short)(tun.flags & TUN_ATTACH_FLAGS) };
	struct ifreq off = { .ifr_flags = IFF_DETACH_QUEUE };

	snprintf(q.ifr_name, sizeof(q.ifr_name), "%s", e->netdev);
	if (!tun.flags || !if_nametoindex(e->netdev))
		return fail(r->ctx.err, -ENODEV, "open file %u: there is no tun device %s here; "
			    "make it (ip tuntap add)", file->id, e->netdev);
	if (ioctl(fd, TUNSETIFF, &q))
		return fail_errno(r->ctx.err, -errno, "open file %u: attaching it to the tun "
				  "device %s", file->id, e->netdev);
	/* each descriptor has the buffer's size for itself; the device stayed for want of one */
	if ((tun.sndbuf != INT_MAX && ioctl(fd, TUNSETSNDBUF, &tun.sndbuf)) ||
	    (!(tun.flags & IFF_PERSIST) && ioctl(fd, TUNSETPERSIST, 0)))
		return fail_errno(r->ctx.err, -errno, "open file %u: the tun device %s", file->id,
				  e->netdev);
	if (e->has_detached && e->detached && ioctl(fd, TUNSETQUEUE, &off))
		return fail_errno(r->ctx.err, -errno, "open file %u: turning off its queue of the "
				  "tun device %s", file->id, e->netdev);
	return 0;
}

static int tun_restore(struct restore *r, struct restore_file *file, int *ret_fd)
{
	const RegFileEntry *reg = file->entry->reg;
	auto_close int fd = -1;
	int ret = reg_open(r, reg, (int)reg->flags, &fd);

	if (!ret && file->entry->tunf->netdev)
		ret = device_attach(r, file, fd);
	if (!ret)
		*ret_fd = steal_fd(&fd);
	return ret;
}

const struct file_kind tun_kind = {
	.name = "tun",
	.type = FD_TYPES__TUNF,
	.match = tun_match,
	.dump = tun_dump_fd,
	.check = tun_check,
	.restore = tun_restore,
};
