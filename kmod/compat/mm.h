/* SPDX-License-Identifier: GPL-2.0 */
/* <linux/mm.h>, <linux/mm_types.h>, <linux/hugetlb.h> and <asm/pkeys.h>. */
#ifndef CRCTL_COMPAT_MM_H
#define CRCTL_COMPAT_MM_H

#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/pkeys.h>
#include <linux/sched/coredump.h>
#include <linux/userfaultfd_k.h>
#include <linux/version.h>

/* The maple tree of 6.1 took the place of a list. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
struct vma_iterator {
	struct mm_struct *mm;
	struct vm_area_struct *vma;
	unsigned long addr;
};

#define VMA_ITERATOR(name, mm_, addr_) \
	struct vma_iterator name = { .mm = (mm_), .addr = (addr_) }

static inline struct vm_area_struct *vma_iter_next(struct vma_iterator *i)
{
	i->vma = i->vma ? i->vma->vm_next : find_vma(i->mm, i->addr);
	return i->vma;
}

#define for_each_vma(i, vma) while (((vma) = vma_iter_next(&(i))) != NULL)
#endif

/* 6.6 has the first, and the bounds that 6.7 changed are what is shown. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
static inline bool vma_is_initial_heap(const struct vm_area_struct *vma)
{
	return vma->vm_start <= vma->vm_mm->brk && vma->vm_end >= vma->vm_mm->start_brk;
}

static inline bool vma_is_initial_stack(const struct vm_area_struct *vma)
{
	return vma->vm_start <= vma->vm_mm->start_stack && vma->vm_end >= vma->vm_mm->start_stack;
}
#endif

/* The names of anonymous memory came with 5.17; its accessor is not for modules. */
static inline const char *vma_anon_text(const struct vm_area_struct *vma)
{
#ifdef CONFIG_ANON_VMA_NAME
	return vma->anon_name ? vma->anon_name->name : NULL;
#else
	return NULL;
#endif
}

/* 6.18 hid mm->flags behind functions. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
static inline unsigned long __mm_flags_get_word(const struct mm_struct *mm)
{
	return READ_ONCE(mm->flags);
}
#endif

/* As /proc/PID/coredump_filter shows it: bits 2 to 10, and from 7.2 on as the kernel says. */
static inline u32 mm_coredump_filter(const struct mm_struct *mm)
{
	return (__mm_flags_get_word(mm) & MMF_DUMP_FILTER_MASK) >> MMF_DUMP_FILTER_SHIFT;
}

/* PR_GET_THP_DISABLE; 6.18 can except memory that asked for huge pages. */
static inline u32 mm_thp_disabled(const struct mm_struct *mm)
{
	unsigned long flags = __mm_flags_get_word(mm);
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
	if (flags & BIT(MMF_DISABLE_THP_EXCEPT_ADVISED))
		return 1 | 2;
	return !!(flags & BIT(MMF_DISABLE_THP_COMPLETELY));
#else
	return !!(flags & BIT(MMF_DISABLE_THP));
#endif
}

/* PR_GET_MDWE came with 6.3, its second bit with 6.6. */
static inline u32 mm_mdwe(const struct mm_struct *mm)
{
	u32 mdwe = 0;
#ifdef MMF_HAS_MDWE
	mdwe |= !!(__mm_flags_get_word(mm) & BIT(MMF_HAS_MDWE));
#endif
#ifdef MMF_HAS_MDWE_NO_INHERIT
	mdwe |= __mm_flags_get_word(mm) & BIT(MMF_HAS_MDWE_NO_INHERIT) ? 2 : 0;
#endif
	return mdwe;
}

/*
 * For get_user_pages_remote(): pages that cannot be read by the task too, and none that
 * would have to be made; 0 where the kernel cannot be asked so. Of anonymous memory,
 * FOLL_DUMP leaves out what would be zero, and what is in swap space comes back. The rest
 * must not fault: modules may say so since 5.16, and hugetlbfs listens since 6.5.
 */
static inline unsigned int vma_present_flags(struct vm_area_struct *vma)
{
	if (vma_is_anonymous(vma) && !userfaultfd_armed(vma))
		return FOLL_FORCE | FOLL_DUMP;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
	return FOLL_FORCE | FOLL_DUMP | FOLL_NOFAULT;
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(5, 16, 0)
	return vma->vm_flags & VM_HUGETLB ? 0 : FOLL_FORCE | FOLL_DUMP | FOLL_NOFAULT;
#else
	return 0;
#endif
}

/* 6.5 has an argument less. The pages are held with get_page(). */
static inline long mm_get_pages(struct mm_struct *mm, unsigned long at, unsigned long nr,
				unsigned int flags, struct page **pages)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
	return get_user_pages_remote(mm, at, nr, flags, pages, NULL);
#else
	return get_user_pages_remote(mm, at, nr, flags, pages, NULL, NULL);
#endif
}

/* Bits that are younger than 5.10. */
#ifndef VM_UFFD_MINOR
#define VM_UFFD_MINOR 0
#endif
#ifndef VM_SHADOW_STACK
#define VM_SHADOW_STACK 0
#endif
#ifndef VM_SEALED
#define VM_SEALED 0
#endif
#ifndef VM_DROPPABLE
#define VM_DROPPABLE 0
#endif
#ifndef VM_MAYBE_GUARD
#define VM_MAYBE_GUARD 0
#endif

#endif
