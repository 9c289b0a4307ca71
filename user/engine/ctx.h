/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The state of one dump or one restore, handed to every kind. Includes only
 * lib/, so that a kind sees no more of the engine than this.
 */
#ifndef CRCTL_ENGINE_CTX_H
#define CRCTL_ENGINE_CTX_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/array.h"
#include "lib/err.h"
#include "lib/log.h"

/* What dump and restore have in common. */
struct ctx {
	struct err *err;
	int images_fd;
	bool shell_job;
	bool link_remap;
	bool validate_buildid;
	bool skip_file_rwx_check;
	bool check_only;		/* `crctl check PID`: look, touch nothing */
	uint64_t ghost_limit;		/* bytes */
};

/* vma_entry.status: spec/README.md, Memory. */
enum vma_status {
	VMA_REGULAR = 1 << 0,
	VMA_STACK = 1 << 1,
	VMA_VSYSCALL = 1 << 2,
	VMA_VDSO = 1 << 3,
	VMA_HEAP = 1 << 5,
	VMA_FILE_PRIVATE = 1 << 6,
	VMA_FILE_SHARED = 1 << 7,
	VMA_ANON_SHARED = 1 << 8,
	VMA_ANON_PRIVATE = 1 << 9,
	VMA_SYSVIPC = 1 << 10,
	VMA_SOCKET = 1 << 11,
	VMA_VVAR = 1 << 12,
	VMA_AIO_RING = 1 << 13,
	VMA_MEMFD = 1 << 14,
	VMA_SHADOW_STACK = 1 << 15,
	VMA_GUARD = 1 << 16,
	VMA_UPROBES = 1 << 17,
};

/* pagemap_entry.flags */
enum page_flags { PAGE_PARENT = 1, PAGE_LAZY = 2, PAGE_PRESENT = 4 };

/* task_core_entry.task_state */
enum task_state { TASK_ALIVE = 1, TASK_DEAD = 2, TASK_STOPPED = 3, TASK_ZOMBIE = 6 };

#endif
