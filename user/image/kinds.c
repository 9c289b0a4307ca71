// SPDX-License-Identifier: GPL-2.0
/*
 * The kinds of image files: name, magic, and the messages inside. What follows
 * a message as plain bytes is in walk.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/internal.h"
#include "image/apparmor.pb-c.h"
#include "image/autofs.pb-c.h"
#include "image/binfmt_misc.pb-c.h"
#include "image/bpfmap_data.pb-c.h"
#include "image/bpfmap_file.pb-c.h"
#include "image/cgroup.pb-c.h"
#include "image/core.pb-c.h"
#include "image/cpuinfo.pb-c.h"
#include "image/crctl.pb-c.h"
#include "image/creds.pb-c.h"
#include "image/fdinfo.pb-c.h"
#include "image/fh.pb-c.h"
#include "image/file_lock.pb-c.h"
#include "image/fs.pb-c.h"
#include "image/ghost_file.pb-c.h"
#include "image/inventory.pb-c.h"
#include "image/ipc_msg.pb-c.h"
#include "image/ipc_sem.pb-c.h"
#include "image/ipc_shm.pb-c.h"
#include "image/ipc_var.pb-c.h"
#include "image/memfd.pb-c.h"
#include "image/mm.pb-c.h"
#include "image/mnt.pb-c.h"
#include "image/netdev.pb-c.h"
#include "image/pagemap.pb-c.h"
#include "image/pidns.pb-c.h"
#include "image/pipe_data.pb-c.h"
#include "image/pstree.pb-c.h"
#include "image/remap_file_path.pb-c.h"
#include "image/seccomp.pb-c.h"
#include "image/sk_packet.pb-c.h"
#include "image/stats.pb-c.h"
#include "image/tcp_stream.pb-c.h"
#include "image/timens.pb-c.h"
#include "image/tty.pb-c.h"
#include "image/userns.pb-c.h"
#include "image/utsns.pb-c.h"

#define KIND(type, file, number, message)                                                          \
	[IMG_##type] = {                                                                           \
		.label = #type, .name = file, .magic = number, .entry = &message##__descriptor     \
	}
#define FIRST_THEN(type, file, number, message, others)                                            \
	[IMG_##type] = { .label = #type,                                                           \
			 .name = file,                                                             \
			 .magic = number,                                                          \
			 .first = &message##__descriptor,                                          \
			 .entry = &others##__descriptor }
#define SERVICE(type, file, number, message)                                                       \
	[IMG_##type] = { .label = #type,                                                           \
			 .name = file,                                                             \
			 .magic = number,                                                          \
			 .service = true,                                                          \
			 .entry = &message##__descriptor }

const struct image_kind image_kinds[IMG_NR_TYPES] = {
	KIND(INVENTORY, "inventory.img", 0x58313116, inventory_entry),
	KIND(FDINFO, "fdinfo-%lu.img", 0x56213732, fdinfo_entry),
	FIRST_THEN(PAGEMAP, "pagemap-%lu.img", 0x56084025, pagemap_head, pagemap_entry),
	FIRST_THEN(SHMEM_PAGEMAP, "pagemap-shmem-%lu.img", 0x56084025, pagemap_head, pagemap_entry),
	KIND(CORE, "core-%lu.img", 0x55053847, core_entry),
	KIND(IDS, "ids-%lu.img", 0x54432030, task_kobj_ids_entry),
	KIND(MM, "mm-%lu.img", 0x57492820, mm_entry),
	KIND(PIPES_DATA, "pipes-data.img", 0x56453709, pipe_data_entry),
	KIND(FIFO_DATA, "fifo-data.img", 0x59333054, pipe_data_entry),
	KIND(PSTREE, "pstree.img", 0x50273030, pstree_entry),
	KIND(SK_QUEUES, "sk-queues.img", 0x56264026, sk_packet_entry),
	KIND(CREDS, "creds-%lu.img", 0x54023547, creds_entry),
	KIND(UTSNS, "utsns-%lu.img", 0x54473203, utsns_entry),
	KIND(IPC_VAR, "ipcns-var-%lu.img", 0x53115007, ipc_var_entry),
	KIND(IPCNS_SHM, "ipcns-shm-%lu.img", 0x46283044, ipc_shm_entry),
	KIND(IPCNS_MSG, "ipcns-msg-%lu.img", 0x55453737, ipc_msg_entry),
	KIND(IPCNS_SEM, "ipcns-sem-%lu.img", 0x59573019, ipc_sem_entry),
	KIND(FS, "fs-%lu.img", 0x51403912, fs_entry),
	KIND(REMAP_FPATH, "remap-fpath.img", 0x59133954, remap_file_path_entry),
	FIRST_THEN(GHOST_FILE, "ghost-file-%lx.img", 0x52583605, ghost_file_entry,
		   ghost_chunk_entry),
	KIND(MEMFD_INODE, "memfd.img", 0x48453499, memfd_inode_entry),
	KIND(TCP_STREAM, "tcp-stream-%lx.img", 0x51465506, tcp_stream_entry),
	KIND(MNTS, "mountpoints-%lu.img", 0x55563928, mnt_entry),
	KIND(NETDEV, "netdev-%lu.img", 0x57373951, net_device_entry),
	KIND(NETNS, "netns-%lu.img", 0x55933752, netns_entry),
	KIND(AUTOFS, "autofs-%lu.img", 0x49353943, autofs_entry),
	KIND(BINFMT_MISC, "binfmt-misc.img", 0x67343323, binfmt_misc_entry),
	KIND(TTY_INFO, "tty-info.img", 0x59453036, tty_info_entry),
	KIND(TTY_DATA, "tty-data.img", 0x59413026, tty_data_entry),
	KIND(FILE_LOCKS, "filelocks.img", 0x54323616, file_lock_entry),
	KIND(CGROUP, "cgroup.img", 0x59383330, cgroup_entry),
	KIND(CPUINFO, "cpuinfo.img", 0x61404013, cpuinfo_entry),
	KIND(SECCOMP, "seccomp.img", 0x64413049, seccomp_entry),
	KIND(USERNS, "userns-%lu.img", 0x55474906, userns_entry),
	KIND(FILES, "files.img", 0x56303138, file_entry),
	KIND(TIMENS, "timens-%lu.img", 0x43114433, timens_entry),
	KIND(PIDNS, "pidns-%lu.img", 0x61157326, pidns_entry),
	KIND(BPFMAP_FILE, "bpfmap-file.img", 0x57506142, bpfmap_file_entry),
	KIND(BPFMAP_DATA, "bpfmap-data.img", 0x64324033, bpfmap_data_entry),
	KIND(APPARMOR, "apparmor.img", 0x59423047, apparmor_entry),
	SERVICE(STATS_DUMP, "stats-dump", 0x57093306, stats_entry),
	SERVICE(STATS_RESTORE, "stats-restore", 0x57093306, stats_entry),
	SERVICE(IRMAP_CACHE, "irmap-cache", 0x57004059, irmap_cache_entry),
	KIND(CRCTL_TASK, "crctl-%lu", 0x43524354, crctl_task_entry),
	KIND(CRCTL_SOCKETS, "crctl-sockets", 0x4352534b, crctl_socket_entry),
	KIND(CRCTL_TTY, "crctl-tty", 0x43525459, crctl_tty_entry),
	KIND(CRCTL_MQ, "crctl-mq", 0x43524d51, crctl_mq_entry),
	KIND(CRCTL_LINKS, "crctl-links-%lu", 0x43524c4b, crctl_link_entry),
	[IMG_PAGES] = { .label = "PAGES", .name = "pages-%lu.img" },
	[IMG_TMPFS_DEV] = { .label = "TMPFS_DEV", .name = "tmpfs-dev-%lu.tar.gz.img" },
	[IMG_IFADDR] = { .label = "IFADDR", .name = "ifaddr-%lu.img" },
	[IMG_ROUTE] = { .label = "ROUTE", .name = "route-%lu.img" },
	[IMG_ROUTE6] = { .label = "ROUTE6", .name = "route6-%lu.img" },
	[IMG_RULE] = { .label = "RULE", .name = "rule-%lu.img" },
	[IMG_NFTABLES] = { .label = "NFTABLES", .name = "nftables-%lu.img" },
	[IMG_IPTABLES] = { .label = "IPTABLES", .name = "iptables-%lu.img" },
	[IMG_IP6TABLES] = { .label = "IP6TABLES", .name = "ip6tables-%lu.img" },
	[IMG_CRCTL_NEIGH] = { .label = "CRCTL_NEIGH", .name = "crctl-neigh-%lu" },
	[IMG_CRCTL_NEXTHOP] = { .label = "CRCTL_NEXTHOP", .name = "crctl-nexthop-%lu" },
	[IMG_NETNF_CT] = { .label = "NETNF_CT", .name = "netns-ct-%lu.img" },
	[IMG_NETNF_EXP] = { .label = "NETNF_EXP", .name = "netns-exp-%lu.img" },
	[IMG_CRCTL_SYSCTL] = { .label = "CRCTL_SYSCTL", .name = "crctl-sysctl-%lu" },
};

const char *image_name(enum image_type type, unsigned long id, char *buf, size_t size)
{
	const char *name = image_kinds[type].name;
	const char *number = strchr(name, '%');

	if (!number)
		snprintf(buf, size, "%s", name);
	else if (number[2] == 'x')
		snprintf(buf, size, "%.*s%lx%s", (int)(number - name), name, id, number + 3);
	else
		snprintf(buf, size, "%.*s%lu%s", (int)(number - name), name, id, number + 3);
	return buf;
}

/* A number as image_name() writes it: no sign, no leading zero, nothing too large. */
static int id_parse(const char *text, int base, const char **ret_end, unsigned long *ret_id)
{
	const char *digits = base == 16 ? "0123456789abcdef" : "0123456789";
	size_t len = strspn(text, digits);
	char *end;

	if (!len || (len > 1 && text[0] == '0'))
		return -ENOENT;
	errno = 0;
	*ret_id = strtoul(text, &end, base);
	*ret_end = text + len;
	return errno || end != *ret_end ? -ENOENT : 0;
}

static int name_match(const char *pattern, const char *name, unsigned long *ret_id)
{
	const char *number = strchr(pattern, '%');
	size_t len = number ? (size_t)(number - pattern) : 0;
	unsigned long id = 0;
	const char *end;

	if (!number) {
		*ret_id = 0;
		return strcmp(pattern, name) ? -ENOENT : 0;
	}
	if (strncmp(pattern, name, len) ||
	    id_parse(name + len, number[2] == 'x' ? 16 : 10, &end, &id) || strcmp(end, number + 3))
		return -ENOENT;
	*ret_id = id;
	return 0;
}

int image_parse_name(const char *name, enum image_type *ret_type, unsigned long *ret_id)
{
	unsigned long id;

	for (int type = 0; type < IMG_NR_TYPES; type++) {
		if (name_match(image_kinds[type].name, name, &id))
			continue;
		*ret_type = type;
		*ret_id = id;
		return 0;
	}
	return -ENOENT;
}
