/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kinds of memory areas, one file each, and the mm as a whole.
 */
#ifndef CRCTL_MM_MM_H
#define CRCTL_MM_MM_H

#include "engine/ctx.h"
#include "image/mm.pb-c.h"
#include "image/vma.pb-c.h"
#include "kapi/proc.h"

#define PAGE_LEN     4096UL
#define TASK_END     0x7ffffffff000UL	/* x86_64, 4-level: TASK_SIZE_MAX */

struct vma_kind {
	const char *name;
	uint32_t status;	/* the bit of vma_entry.status that names the kind */
	/* Is the mapping of this kind? At most one kind says yes. */
	bool (*match)(const struct proc_vma *vma);
	/* Fill what is particular to the kind; vma_dump_common() was there before. */
	int (*dump)(struct dump *d, struct dump_task *task, const struct proc_vma *vma,
		    VmaEntry *entry);
	/* Check the record before anything is made. */
	int (*check)(struct restore *r, const struct restore_task *task,
		     const struct restore_vma *vma);
	/*
	 * Map the area at @at (MAP_FIXED_NOREPLACE), or anywhere when 0, with @prot.
	 * *ret_at is where it is.
	 */
	int (*restore)(struct restore *r, struct restore_vma *vma, uint64_t at, int prot,
		       uint64_t *ret_at);
	/* Once the area has its content, before it is protected and moved; may be NULL. */
	int (*finish)(struct restore *r, const struct restore_vma *vma);
	bool has_pages;		/* private content comes from the pages file */
};

/* ---- dump ---- */

/* A shared anonymous object, which any task's mapping leads to. */
struct shmem {
	uint64_t dev, ino;
	uint64_t id;			/* in the images: ino, where no other object has that */
	uint64_t size;			/* as far as it is mapped; of a memfd, all */
	struct dump_task *task;
	char proc_name[64];		/* map_files/START-END or fd/N */
};
struct shmem_table { struct shmem *items; size_t nr, cap; };

/* Describe the mappings of the task, refusing what no kind knows. */
int mm_collect(struct dump *d, struct dump_task *task);
/* Once all tasks were looked at. */
int mm_collect_end(struct dump *d);
/* Images of address spaces, shared objects and their pages. */
int mm_write(struct dump *d);
void mm_free(struct dump_task *task);

/* One pages file with its pagemap, filled run by run. */
struct pages_out;
int pages_out_open(struct dump *d, bool shmem, unsigned long id, struct pages_out **ret_out);
/* Note [start, start + nr * PAGE_LEN) as present; the caller writes as much content. */
int pages_out_add(struct pages_out *out, uint64_t start, uint64_t nr_pages, uint32_t flags);
int pages_out_fd(const struct pages_out *out);
int pages_out_close(struct pages_out *out);

/* Private pages of the task into its pages file. */
int pages_dump_task(struct dump *d, struct dump_task *task);
/* Content of every shared object. */
int shmem_dump_all(struct dump *d);

/* ---- all ---- */

/* NULL-terminated. */
extern const struct vma_kind *const vma_kinds[];

/* Private areas of nobody's file; also used by the special kinds. */
int vma_map(struct restore *r, const struct restore_vma *vma, uint64_t at, int prot, int flags,
	    int fd, uint64_t *ret_at);

/* The kind of a status mask; NULL when none or more than one matches. */
const struct vma_kind *vma_kind_find(uint32_t status);

/* Anonymous memory of huge pages, private or shared; and its MAP_HUGETLB flags for mmap(2). */
bool vma_is_anon_huge(const struct proc_vma *vma);
uint32_t vma_huge_flags(const struct proc_vma *vma);

#endif
