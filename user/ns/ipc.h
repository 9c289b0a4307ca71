/* SPDX-License-Identifier: GPL-2.0 */
/* What the files about IPC namespaces share: ipc.c, ipc_shm.c, ipc_msg.c, ipc_sem.c. */
#ifndef CRCTL_NS_IPC_H
#define CRCTL_NS_IPC_H

#include "image/image.h"
#include "image/ipc_desc.pb-c.h"
#include "ns/ns.h"

/* Owner, mode and key of any object. */
struct ipc_owner {
	uint32_t id, key, uid, gid, cuid, cgid, mode;
};

struct ipc_shm {
	struct ipc_owner owner;
	uint64_t size;
	uint32_t huge;		/* SHM_HUGETLB and the page size, or 0 */
	bool in_pagemaps;
	const void *data;	/* the content, where it is not in a page map */
	struct page_map pages;
	bool made;		/* it was not there */
	void *held;		/* attached until all tasks have it */
};

struct ipc_message {
	uint64_t type;
	uint32_t len;
	const void *text;
};

struct ipc_queue {
	struct ipc_owner owner;
	uint32_t room;
	size_t first, nr;	/* of its messages */
};

struct ipc_set {
	struct ipc_owner owner;
	uint32_t nr;
	const uint16_t *values;
};

struct ipc_mq {
	const struct CrctlMqEntry *entry;
	bool made;
	int fd;			/* of one without a name, kept open above base_fd; -1 */
};

/* What the images say of a namespace; data lies in the readers. */
struct ipc_images {
	struct image_reader *readers[3];
	ARRAY_OF(struct ipc_shm) shms;
	ARRAY_OF(struct ipc_message) messages;
	ARRAY_OF(struct ipc_queue) queues;
	ARRAY_OF(struct ipc_set) sets;
	ARRAY_OF(struct ipc_mq) mqs;
	struct IpcVarEntry *var;
};

struct ipc_perm;

/* ipc.c */
void ipc_owner_dump(const struct ipc_perm *perm, uint32_t id, IpcDescEntry *e);
int ipc_owner_check(struct restore *r, const char *file, const IpcDescEntry *e,
		    struct ipc_owner *ret_owner);
int ipc_fail(struct dump *d, int ret);
/*
 * Call @get, which makes an object, so that it has the wanted id and creator. @what is
 * "shm", "msg" or "sem".
 */
int ipc_make(struct restore *r, const struct ipc_owner *owner, const char *what,
	     int (*get)(const void *object), const void *object);

/* Images of all objects that the caller's namespace has. */
int ipc_shm_dump(struct dump *d, uint32_t ns_id);
int ipc_msg_dump(struct dump *d, uint32_t ns_id);
int ipc_sem_dump(struct dump *d, uint32_t ns_id);
int ipc_mq_dump(struct dump *d, uint32_t ns_id);
/* In a namespace that is not the tree's own: only what the tree has attached. */
int ipc_shm_dump_attached(struct dump *d, uint32_t ns_id);
int ipc_shm_check_attached(struct dump *d);
int ipc_mq_dump_open(struct dump *d, uint32_t ns_id);
int ipc_mq_check_open(struct dump *d);

/* Read into r->ns->ipc; then make what was read. */
int ipc_shm_read(struct restore *r, uint32_t ns_id);
int ipc_msg_read(struct restore *r, uint32_t ns_id);
int ipc_sem_read(struct restore *r, uint32_t ns_id);
int ipc_mq_read(struct restore *r);
int ipc_shm_restore(struct restore *r);
int ipc_msg_restore(struct restore *r);
int ipc_sem_restore(struct restore *r);
int ipc_mq_restore(struct restore *r);
/* Remove the queues that ipc_mq_restore() made. */
void ipc_mq_undo(struct restore *r);
/* Remove what ipc_shm_restore() made. */
void ipc_shm_undo(struct restore *r);
/* Detach what was kept for others to attach. */
void ipc_shm_finish(struct restore *r);

#endif
