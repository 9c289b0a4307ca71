// SPDX-License-Identifier: GPL-2.0
/*
 * The vdso and its data pages (vvar). They are the restoring kernel's own: the
 * stub moves them to where the task knew them. Nothing of vvar is in the images.
 */
#include "mm/mm.h"

const struct vma_kind vma_vdso_kind = {
	.name = "vdso",
	.status = VMA_VDSO,
	.has_pages = true,
};

const struct vma_kind vma_vvar_kind = {
	.name = "vvar",
	.status = VMA_VVAR,
};
