// SPDX-License-Identifier: GPL-2.0
/* The address space of a task: its mappings, by kind and one by one, and its pages. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "cmd/show.h"
#include "engine/ctx.h"
#include "image/json.h"
#include "image/mm.pb-c.h"
#include "image/pagemap.pb-c.h"

/* The first bit that is set says what a mapping is. */
static const struct vma_word {
	uint32_t status;
	const char *word;
} vma_words[] = {
	{ VMA_VSYSCALL, "vsyscall" },
	{ VMA_VDSO, "vdso" },
	{ VMA_VVAR, "vvar" },
	{ VMA_HEAP, "heap" },
	{ VMA_STACK, "stack" },
	{ VMA_SHADOW_STACK, "shadow stack" },
	{ VMA_AIO_RING, "AIO ring" },
	{ VMA_SYSVIPC, "System V shared" },
	{ VMA_MEMFD, "memfd" },
	{ VMA_SOCKET, "packet socket ring" },
	{ VMA_UPROBES, "uprobes" },
	{ VMA_FILE_PRIVATE, "private file" },
	{ VMA_FILE_SHARED, "shared file" },
	{ VMA_ANON_SHARED, "shared anonymous" },
	{ VMA_GUARD, "guard" },
	{ VMA_ANON_PRIVATE, "private anonymous" },
	{ 0, "other" },
};

#define NR_WORDS (sizeof(vma_words) / sizeof(vma_words[0]))

static size_t vma_word(uint32_t status)
{
	size_t i = 0;

	while (i < NR_WORDS - 1 && !(status & vma_words[i].status))
		i++;
	return i;
}

static json_t *vma_json(struct show *s, const VmaEntry *vma)
{
	char prot[5] = "---p";
	json_t *json;

	if (vma->prot & PROT_READ)
		prot[0] = 'r';
	if (vma->prot & PROT_WRITE)
		prot[1] = 'w';
	if (vma->prot & PROT_EXEC)
		prot[2] = 'x';
	if (vma->flags & MAP_SHARED)
		prot[3] = 's';
	json = json_pack("{s:o s:o s:s s:s}", "start", image_json_hex(vma->start), "end",
			 image_json_hex(vma->end), "prot", prot, "kind",
			 vma_words[vma_word(vma->status)].word);
	if (vma->status & (VMA_FILE_PRIVATE | VMA_FILE_SHARED)) {
		json_object_set_new(json, "file", show_file_path(s, vma->shmid));
		json_object_set_new(json, "offset", json_integer(vma->pgoff));
	}
	if (vma->has_madv && vma->madv)
		json_object_set_new(json, "madvise", image_json_hex(vma->madv));
	return json;
}

static void mappings_add(struct show *s, json_t *memory, const MmEntry *mm)
{
	uint64_t bytes[NR_WORDS] = { 0 }, total = 0;
	json_t *kinds = json_array(), *mappings = json_array();
	size_t nr[NR_WORDS] = { 0 };

	for (size_t i = 0; i < mm->n_vmas; i++) {
		size_t word = vma_word(mm->vmas[i]->status);

		nr[word]++;
		bytes[word] += mm->vmas[i]->end - mm->vmas[i]->start;
		total += mm->vmas[i]->end - mm->vmas[i]->start;
		json_array_append_new(mappings, vma_json(s, mm->vmas[i]));
	}
	for (size_t i = 0; i < NR_WORDS; i++)
		if (nr[i])
			json_array_append_new(kinds,
					      json_pack("{s:s s:I s:I}", "kind", vma_words[i].word,
							"mappings", (json_int_t)nr[i], "bytes",
							(json_int_t)bytes[i]));
	json_object_set_new(memory, "bytes", json_integer(total));
	json_object_set_new(memory, "kinds", kinds);
	json_object_set_new(memory, "mappings", mappings);
}

static void pages_add(struct show *s, json_t *memory, unsigned long pid, bool required)
{
	struct show_list list = show_read_list(s, IMG_PAGEMAP, pid, required);
	uint64_t present = 0, parent = 0, lazy = 0;

	array_for_each(&list, msg) {
		const PagemapEntry *e = (const PagemapEntry *)*msg;
		uint64_t nr;

		if ((*msg)->descriptor != &pagemap_entry__descriptor)
			continue;
		nr = e->has_nr_pages ? e->nr_pages : e->compat_nr_pages;
		if (e->flags & PAGE_LAZY)
			lazy += nr;
		if (e->in_parent || e->flags & PAGE_PARENT)
			parent += nr;
		else if (!e->has_flags || e->flags & PAGE_PRESENT)
			present += nr;
	}
	show_list_free(&list);
	json_object_set_new(memory, "pages", json_integer(present));
	json_object_set_new(memory, "pages_in_parent", json_integer(parent));
	json_object_set_new(memory, "pages_lazy", json_integer(lazy));
}

void show_mm(struct show *s, json_t *task, unsigned long pid, bool required)
{
	MmEntry *mm = (MmEntry *)show_read(s, IMG_MM, pid, required);
	json_t *memory;

	if (!mm)
		return;
	memory = json_object();
	mappings_add(s, memory, mm);
	pages_add(s, memory, pid, required);
	json_object_set_new(task, "exe", show_file_path(s, mm->exe_file_id));
	if (mm->has_dumpable)
		json_object_set_new(task, "dumpable", json_integer(mm->dumpable));
	json_object_set_new(task, "memory", memory);
	protobuf_c_message_free_unpacked(&mm->base, NULL);
}
