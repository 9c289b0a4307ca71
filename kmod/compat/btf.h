/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Structures that no header for modules describes. The kernel describes them itself,
 * in BTF; a member that is not there as expected makes what needs it unavailable.
 */
#ifndef CRCTL_COMPAT_BTF_H
#define CRCTL_COMPAT_BTF_H

#include <linux/types.h>

struct vfsmount;

/* A member that is wanted, and where it was found. */
struct btf_member {
	const char *type, *name;
	u32 len;		/* bytes that it must have; 0: any */
	s32 offset;		/* bytes; -1: not there */
};

enum btf_wanted {
	BTF_MOUNT_MNT, BTF_MOUNT_ID, BTF_MNT_NS_COMMON,
	BTF_AIO_TABLE_NR, BTF_AIO_TABLE, BTF_AIO_USER_ID, BTF_AIO_MAP_BASE, BTF_AIO_MAP_LEN,
	BTF_AIO_NR_EVENTS, BTF_AIO_MAX_REQS, BTF_AIO_DEAD, BTF_AIO_CPU, BTF_AIO_CPU_REQS,
	BTF_AIO_REQS, BTF_AIO_TAIL, BTF_AIO_COMPLETED,
	BTF_INOTIFY_MARK, BTF_INOTIFY_WD,
	BTF_URING_FLAGS, BTF_URING_SQ_ENTRIES, BTF_URING_CQ_ENTRIES, BTF_URING_SQ_HEAD,
	BTF_URING_CQ_TAIL, BTF_URING_SQ_DATA, BTF_URING_OVERFLOW, BTF_URING_RINGS, BTF_URING_SQ,
	BTF_URING_CQ, BTF_URING_HEAD, BTF_URING_TAIL, BTF_URING_CACHED_REFS, BTF_URING_INFLIGHT,
	BTF_NR
};

/* Look all of them up, once, at the start of the module. */
void btf_begin(void);

/* Offset of a member; -1: not known on this kernel. */
s32 btf_offset(enum btf_wanted which);
/* Are all members of this range there? */
bool btf_has(enum btf_wanted first, enum btf_wanted last);

/* The number in /proc/PID/mountinfo; -1: not known. */
s32 btf_mnt_id(const struct vfsmount *mnt);

/* A member of a structure by its place. */
#define btf_ref(type, object, which) ((type *)((char *)(object) + btf_offset(which)))

#endif
