// SPDX-License-Identifier: GPL-2.0
/* The table of open file kinds. */
#include "files/files.h"

extern const struct file_kind bpfmap_kind, reg_kind, pipe_kind, fifo_kind, memfd_kind, nsfd_kind,
	eventfd_kind, signalfd_kind, timerfd_kind, epoll_kind,
	tty_kind, mq_kind, inotify_kind, inet_kind, pidfd_kind, fanotify_kind, uring_kind,
	unix_kind, netlink_kind, packet_kind, tun_kind;

const struct file_kind *const file_kinds[] = {
	&unix_kind, /* first: what it finds in flight belongs to the other kinds */
	&reg_kind,
	&pipe_kind,
	&fifo_kind,
	&memfd_kind,
	&nsfd_kind,
	&eventfd_kind,
	&signalfd_kind,
	&timerfd_kind,
	&epoll_kind,
	&tty_kind,
	&mq_kind,
	&inotify_kind,
	&bpfmap_kind,
	&uring_kind,
	&inet_kind,
	&netlink_kind,
	&packet_kind,
	&tun_kind,
	&pidfd_kind,
	&fanotify_kind,
	NULL,
};

const struct file_kind *file_kind_find(FdTypes type)
{
	for (size_t i = 0; file_kinds[i]; i++) {
		if (file_kinds[i]->type == type)
			return file_kinds[i];
	}
	return NULL;
}
