/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Image files in and out (image format 1.1; 1.0 is read too).
 *
 * A file is named by its kind and, where the name has a number in it, an id:
 * image_write_open(dir, IMG_CORE, 17, &w) makes core-17.img. Files are made
 * 0600, never through a symbolic link, and an existing one is replaced.
 * All functions return 0 or -errno and explain themselves in image_error()
 * of the reader or writer: a sentence that names the file.
 */
#ifndef CRCTL_IMAGE_IMAGE_H
#define CRCTL_IMAGE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

/* The order is that of image_kinds[] in kinds.c. */
enum image_type {
	IMG_INVENTORY,
	IMG_FDINFO,
	IMG_PAGEMAP,
	IMG_SHMEM_PAGEMAP,
	IMG_CORE,
	IMG_IDS,
	IMG_MM,
	IMG_PIPES_DATA,
	IMG_FIFO_DATA,
	IMG_PSTREE,
	IMG_SK_QUEUES,
	IMG_CREDS,
	IMG_UTSNS,
	IMG_IPC_VAR,
	IMG_IPCNS_SHM,
	IMG_IPCNS_MSG,
	IMG_IPCNS_SEM,
	IMG_FS,
	IMG_REMAP_FPATH,
	IMG_GHOST_FILE,
	IMG_MEMFD_INODE,
	IMG_TCP_STREAM,
	IMG_MNTS,
	IMG_NETDEV,
	IMG_NETNS,
	IMG_AUTOFS,
	IMG_BINFMT_MISC,
	IMG_TTY_INFO,
	IMG_TTY_DATA,
	IMG_FILE_LOCKS,
	IMG_CGROUP,
	IMG_CPUINFO,
	IMG_SECCOMP,
	IMG_USERNS,
	IMG_FILES,
	IMG_TIMENS,
	IMG_PIDNS,
	IMG_BPFMAP_FILE,
	IMG_BPFMAP_DATA,
	IMG_APPARMOR,
	IMG_STATS_DUMP,
	IMG_STATS_RESTORE,
	IMG_IRMAP_CACHE,
	IMG_CRCTL_TASK, /* crctl-%lu, without .img: crctl.proto; magic 0x43524354 */
	IMG_CRCTL_SOCKETS, /* crctl-sockets: crctl.proto; magic 0x4352534b */
	IMG_CRCTL_TTY,	/* crctl-tty, the same way; magic 0x43525459 */
	IMG_CRCTL_MQ,	/* crctl-mq; magic 0x43524d51 */
	IMG_CRCTL_LINKS, /* crctl-links-%lu, the same way; magic 0x43524c4b */
	IMG_PAGES,	/* raw */
	IMG_TMPFS_DEV,	/* raw: a gzipped tar */
	IMG_IFADDR,	/* raw, as the next three: messages of rtnetlink behind a magic of ip(8) */
	IMG_ROUTE,
	IMG_ROUTE6,
	IMG_RULE,
	IMG_NFTABLES,	/* raw: text, as the next two */
	IMG_IPTABLES,
	IMG_IP6TABLES,
	IMG_CRCTL_NEIGH, /* raw, without .img: messages of rtnetlink */
	IMG_CRCTL_NEXTHOP, /* raw, without .img: messages of rtnetlink */
	IMG_NETNF_CT,	/* raw: messages of ctnetlink, as the next */
	IMG_NETNF_EXP,
	IMG_CRCTL_SYSCTL, /* raw, without .img: lines of NAME = VALUE */
	IMG_NR_TYPES,
};

struct image_kind {
	const char *label; /* "CORE" */
	const char *name;  /* "core-%lu.img"; the number is the id */
	uint32_t magic;	   /* 0: raw */
	bool service;	   /* stats and irmap-cache: other first magic */
	/* the message that repeats, and the first one where it differs */
	const ProtobufCMessageDescriptor *first, *entry;
};

extern const struct image_kind image_kinds[IMG_NR_TYPES];

/* The file name of (@type, @id); @buf holds at least 64 bytes. Returns @buf. */
const char *image_name(enum image_type type, unsigned long id, char *buf, size_t size);

/*
 * The kind and id that a file name stands for. Returns 0, or -ENOENT when no
 * kind has such a name.
 */
int image_parse_name(const char *name, enum image_type *ret_type, unsigned long *ret_id);

struct image_writer;

/* Make the file and buffer its header. @dir_fd stays the caller's. */
int image_write_open(int dir_fd, enum image_type type, unsigned long id,
		     struct image_writer **ret_w);
/* Append one framed message. */
int image_write(struct image_writer *w, const ProtobufCMessage *msg);
/* Append bytes as they are (the extra bytes that follow some messages). */
int image_write_raw(struct image_writer *w, const void *buf, size_t len);
/* Flush what is buffered so far; the descriptor may then be written by splice or pwrite. */
int image_write_flush(struct image_writer *w);
int image_write_fd(const struct image_writer *w);
/*
 * Flush and close; frees @w in any case (NULL is fine). The only place where a
 * buffered write error shows: always look at the result.
 */
int image_write_close(struct image_writer *w);
/* Close and remove the file; for failed dumps. NULL is fine. */
void image_write_abort(struct image_writer *w);

/* One message into a file of its own. */
int image_write_one(int dir_fd, enum image_type type, unsigned long id,
		    const ProtobufCMessage *msg);

struct image_reader;

/*
 * Open and check the header. The whole file is mapped or read at once; entries
 * are handed out from there. -ENOENT when there is no such file, -EINVAL when
 * it is no image of that kind.
 */
int image_read_open(int dir_fd, enum image_type type, unsigned long id,
		    struct image_reader **ret_r);
/* As above, by an explicit path relative to @dir_fd; the kind is taken from the magic. */
int image_read_open_path(int dir_fd, const char *path, enum image_type *ret_type,
			 struct image_reader **ret_r);
/*
 * The next message, unpacked with @desc; the caller frees it with
 * protobuf_c_message_free_unpacked(msg, NULL). Returns 1, 0 at a clean end, or
 * -errno (-EINVAL: truncated or malformed).
 */
int image_read(struct image_reader *r, const ProtobufCMessageDescriptor *desc,
	       ProtobufCMessage **ret_msg);
/* The next @len raw bytes, pointing into the reader, valid until it is closed. */
int image_read_raw(struct image_reader *r, size_t len, const void **ret_buf);
/* Bytes left after the current position. */
size_t image_read_left(const struct image_reader *r);
/* Offset in the file of the current position. */
size_t image_read_offset(const struct image_reader *r);
/* NULL is fine. */
void image_read_close(struct image_reader *r);

/* One message of an image, and the plain bytes that follow it. */
struct image_item {
	const ProtobufCMessage *msg;
	const void *extra; /* valid until the reader is closed */
	size_t extra_len;
	size_t offset; /* of the message's length in the file */
};

/*
 * Call @each for everything from the current position to the end of an image
 * of @type, nested messages included. Stops at the first -errno that @each gives
 * and returns it; -EINVAL when the image is malformed. Raw kinds have no items.
 */
int image_walk(struct image_reader *r, enum image_type type,
	       int (*each)(void *arg, const struct image_item *item), void *arg);

/* The sentence of the last failure in this thread, naming the file. */
const char *image_error(void);

/* The one message of a file with exactly one. */
int image_read_one(int dir_fd, enum image_type type, unsigned long id,
		   const ProtobufCMessageDescriptor *desc, ProtobufCMessage **ret_msg);

#endif
