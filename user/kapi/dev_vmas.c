// SPDX-License-Identifier: GPL-2.0
/* Memory areas of a task from the module, as the struct that /proc/PID/smaps fills too. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "kapi/dev_list.h"
#include "lib/cleanup.h"

static const struct { uint64_t bit; uint32_t flag; } vma_bits[] = {
	{ CRCTL_VMA_READ, VMF_READ }, { CRCTL_VMA_WRITE, VMF_WRITE },
	{ CRCTL_VMA_EXEC, VMF_EXEC }, { CRCTL_VMA_MAYSHARE, VMF_SHARED },
	{ CRCTL_VMA_MAYWRITE, VMF_MAYWRITE }, { CRCTL_VMA_GROWSDOWN, VMF_GROWSDOWN },
	{ CRCTL_VMA_PFNMAP, VMF_PFNMAP }, { CRCTL_VMA_LOCKED, VMF_LOCKED },
	{ CRCTL_VMA_LOCKONFAULT, VMF_LOCKONFAULT }, { CRCTL_VMA_IO, VMF_IO },
	{ CRCTL_VMA_SEQ_READ, VMF_SEQ }, { CRCTL_VMA_RAND_READ, VMF_RANDOM },
	{ CRCTL_VMA_DONTCOPY, VMF_DONTCOPY }, { CRCTL_VMA_DONTEXPAND, VMF_DONTEXPAND },
	{ CRCTL_VMA_NORESERVE, VMF_NORESERVE }, { CRCTL_VMA_HUGETLB, VMF_HUGETLB },
	{ CRCTL_VMA_WIPEONFORK, VMF_WIPEONFORK }, { CRCTL_VMA_DONTDUMP, VMF_DONTDUMP },
	{ CRCTL_VMA_MIXEDMAP, VMF_MIXED }, { CRCTL_VMA_HUGEPAGE, VMF_HUGEPAGE },
	{ CRCTL_VMA_NOHUGEPAGE, VMF_NOHUGEPAGE }, { CRCTL_VMA_MERGEABLE, VMF_MERGEABLE },
	{ CRCTL_VMA_UFFD_MISSING | CRCTL_VMA_UFFD_WP | CRCTL_VMA_UFFD_MINOR, VMF_UFFD },
	{ CRCTL_VMA_SHADOW_STACK, VMF_SHADOW_STACK }, { CRCTL_VMA_SEALED, VMF_SEALED },
	{ CRCTL_VMA_DROPPABLE, VMF_DROPPABLE }, { CRCTL_VMA_GUARD, VMF_GUARD },
};

struct vmas {
	struct proc_vma_list list;
	size_t names_len, names_cap;
	uint64_t bits;		/* of the area before, and what they came to */
	uint32_t flags;
	size_t name;		/* offset in list.names of the name before */
};

static uint32_t vma_flags(struct vmas *v, uint64_t bits)
{
	/* most areas have the flags of their neighbour or of the one before that */
	if (bits == v->bits)
		return v->flags;
	v->bits = bits;
	v->flags = 0;
	for (size_t i = 0; i < sizeof(vma_bits) / sizeof(vma_bits[0]); i++)
		if (bits & vma_bits[i].bit)
			v->flags |= vma_bits[i].flag;
	return v->flags;
}

/* The name as an offset into list.names; "" is at 0. */
static int vmas_name(struct vmas *v, const struct crctl_vma *r, const char *base)
{
	if (r->flags & CRCTL_VMA_SAME_NAME)
		return 0;
	v->name = 0;
	if (!r->name_at || !r->name_len)
		return 0;
	if (array_grow(&v->list.names, &v->names_cap, v->names_len + r->name_len + 1, 1))
		return -ENOMEM;
	v->name = v->names_len;
	memcpy(v->list.names + v->name, base + r->name_at, r->name_len);
	v->list.names[v->name + r->name_len] = '\0';
	v->names_len += r->name_len + 1;
	return 0;
}

static int vmas_add(void *arg, const void *record, const char *base)
{
	const struct crctl_vma *r = record;
	struct vmas *v = arg;
	struct proc_vma *vma = array_add(&v->list);
	int ret = vma ? vmas_name(v, r, base) : -ENOMEM;

	if (ret)
		return ret;
	vma->start = r->start;
	vma->end = r->end;
	vma->pgoff = r->pgoff;
	vma->ino = r->mm_ino;
	vma->dev = makedev(r->mm_dev_major, r->mm_dev_minor);
	vma->flags = vma_flags(v, r->flags & ~(uint64_t)(CRCTL_VMA_SAME_NAME |
							   CRCTL_VMA_HAS_ANON));
	vma->page_kb = 1u << (r->page_shift - 10);
	vma->pkey = r->pkey;
	vma->empty = !(r->flags & (CRCTL_VMA_HAS_ANON | CRCTL_VMA_MAYSHARE));
	vma->name = (const char *)(uintptr_t)v->name;
	return 0;
}

static int vsyscall_look(struct dev *dev)
{
	auto_close int fd = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct proc_vma_list own = { 0 };
	struct proc_buf buf = { 0 };
	int ret;

	if (dev->vsyscall_known)
		return 0;
	ret = fd < 0 ? -errno : proc_read_vmas(fd, &buf, &own);
	proc_buf_free(&buf);
	if (ret)
		return ret;
	array_for_each(&own, vma)
		if (!strcmp(vma->name, "[vsyscall]"))
			dev->vsyscall = *vma;
	dev->vsyscall.name = "[vsyscall]";
	dev->vsyscall_known = true;
	proc_vmas_free(&own);
	return 0;
}

static int vmas_add_vsyscall(struct dev *dev, struct vmas *v)
{
	struct proc_vma *vma;
	int ret = vsyscall_look(dev);

	if (ret || !dev->vsyscall.end)
		return ret;
	vma = array_add(&v->list);
	if (!vma)
		return -ENOMEM;
	*vma = dev->vsyscall;
	return 0;
}

int dev_read_vmas(struct dev *dev, pid_t pid, struct proc_vma_list *ret)
{
	struct vmas v = { 0 };
	int ret_code = array_grow(&v.list.names, &v.names_cap, 1, 1);

	if (ret_code)
		return ret_code;
	v.list.names[v.names_len++] = '\0';
	ret_code = dev_list_each(dev, CRCTL_HAS_MAP_FILES, CRCTL_MAP_FILES,
				 (struct crctl_list){ .pid = pid }, sizeof(struct crctl_vma),
				 vmas_add, &v);
	array_for_each(&v.list, vma)
		vma->name = v.list.names + (uintptr_t)vma->name;
	if (!ret_code)
		ret_code = vmas_add_vsyscall(dev, &v);
	if (ret_code)
		proc_vmas_free(&v.list);
	else
		*ret = v.list;
	return ret_code;
}
