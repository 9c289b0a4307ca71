// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of two dumps, by address and byte for byte, but for what no program may rely on
 * and the answerers leave different: bytes below the red zone of a thread's stack,
 * where the signal frames of code run in the task have been (user/kapi/inject.c), and
 * what the kernel writes into a thread's rseq area whenever it returns to user space.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "compare.h"

#define PAGE 4096ull
#define RED_ZONE 128
#define FRAMES_LEN 16384 /* of the signal frames on one stack: 11 KiB with AMX state, 3 without */
#define RSEQ_LEN 32
#define IS_PRESENT 4

struct range {
	uint64_t start, end;
};

struct free_ranges {
	struct range *items;
	size_t nr;
};

/* The pages of one dump, one after the other. */
struct pages {
	json_t *map;
	char *content;
	size_t content_len, entry, at;
	uint64_t left, vaddr;	/* of the run; 0: no more */
	uint64_t flags;
};

static uint64_t number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (json_is_string(value))
		return strtoull(json_string_value(value), NULL, 0);
	return (uint64_t)json_integer_value(value);
}

static json_t *entry_of(json_t *image, size_t i)
{
	return json_array_get(json_object_get(image, "entries"), i);
}

static void range_add(struct free_ranges *free_ranges, uint64_t start, uint64_t end)
{
	struct range *items = realloc(free_ranges->items, (free_ranges->nr + 1) * sizeof(*items));

	if (!items)
		exit(2);
	items[free_ranges->nr++] = (struct range){ start, end };
	free_ranges->items = items;
}

static void ranges_of_thread(struct compare *c, json_int_t tid, struct free_ranges *ret)
{
	char name[64];

	snprintf(name, sizeof(name), "core-%lld.img", (long long)tid);
	for (int i = 0; i < 2; i++) {
		json_t *image = image_load(c->dirs[i], name), *core = entry_of(image, 0);
		json_t *regs = json_object_get(json_object_get(core, "thread_info"), "gpregs");
		json_t *thread = json_object_get(core, "thread_core");
		json_t *rseq = json_object_get(thread, "rseq_entry");
		uint64_t sp = number(regs, "sp"), at = number(rseq, "rseq_abi_pointer");

		if (sp > RED_ZONE + FRAMES_LEN)
			range_add(ret, sp - RED_ZONE - FRAMES_LEN, sp - RED_ZONE);
		if (at)
			range_add(ret, at, at + RSEQ_LEN);
		json_decref(image);
	}
}

/* What may differ in the memory that c->file is of: none unless that is a process's own. */
static struct free_ranges ranges_find(struct compare *c)
{
	struct free_ranges ret = { 0 };
	json_t *image, *entry, *tid;
	size_t i, j;
	int pid = 0, end = 0;

	if (sscanf(c->file, "pagemap-%d.img%n", &pid, &end) != 1 || c->file[end])
		return ret;
	image = image_load(c->dirs[0], "pstree.img");
	json_array_foreach(json_object_get(image, "entries"), i, entry) {
		if (number(entry, "pid") != (uint64_t)pid)
			continue;
		json_array_foreach(json_object_get(entry, "threads"), j, tid)
			ranges_of_thread(c, json_integer_value(tid), &ret);
	}
	json_decref(image);
	return ret;
}

static bool is_free(const struct free_ranges *ranges, uint64_t at)
{
	for (size_t i = 0; i < ranges->nr; i++)
		if (at >= ranges->items[i].start && at < ranges->items[i].end)
			return true;
	return false;
}

static void pages_next_run(struct pages *p)
{
	json_t *entry = entry_of(p->map, ++p->entry);

	p->left = number(entry, "nr_pages");
	if (!p->left)
		p->left = number(entry, "compat_nr_pages");
	p->vaddr = number(entry, "vaddr");
	p->flags = number(entry, "flags");
}

static void pages_open(struct compare *c, int which, struct pages *p)
{
	char name[64];

	p->map = image_load(c->dirs[which], c->file);
	snprintf(name, sizeof(name), "pages-%u.img",
		 (unsigned int)number(entry_of(p->map, 0), "pages_id"));
	p->content = file_map(c->dirs[which], name, &p->content_len);
	pages_next_run(p);
}

static void pages_next(struct pages *p)
{
	if (p->flags & IS_PRESENT)
		p->at += PAGE;
	p->vaddr += PAGE;
	if (!--p->left)
		pages_next_run(p);
}

static const char *page_content(const struct compare *c, const struct pages *p)
{
	if (!(p->flags & IS_PRESENT) || p->at + PAGE > p->content_len) {
		fprintf(stderr, "%s: page %#llx has no content\n", c->file,
			(unsigned long long)p->vaddr);
		exit(2);
	}
	return p->content + p->at;
}

static void bytes_differ(struct compare *c, uint64_t vaddr, const char *a, const char *b,
			 const struct free_ranges *ranges)
{
	size_t nr = 0, first = 0, last = 0;
	char field[64], texts[2][128];

	for (size_t i = 0; i < PAGE; i++) {
		if (a[i] == b[i] || is_free(ranges, vaddr + i))
			continue;
		if (!nr++)
			first = i;
		last = i;
	}
	if (!nr)
		return;
	snprintf(field, sizeof(field), "page[%#llx]", (unsigned long long)vaddr);
	first &= ~7ul;
	for (int i = 0; i < 2; i++)
		snprintf(texts[i], sizeof(texts[i]), "%#llx at %zu (%zu bytes up to %zu)",
			 *(const unsigned long long *)(const void *)((i ? b : a) + first), first,
			 nr, last);
	differ(c, field, texts[0], texts[1]);
}

/* A page that only one dump has is as zeros in the other, if anything of it may differ. */
static void page_lonely(struct compare *c, const struct pages *p, bool second,
			const struct free_ranges *ranges)
{
	static const char zeros[PAGE];
	const char *content = page_content(c, p);
	char field[64];

	for (uint64_t at = p->vaddr; at < p->vaddr + PAGE; at++) {
		if (!is_free(ranges, at))
			continue;
		bytes_differ(c, p->vaddr, second ? zeros : content, second ? content : zeros,
			     ranges);
		return;
	}
	snprintf(field, sizeof(field), "page[%#llx]", (unsigned long long)p->vaddr);
	differ(c, field, second ? "nothing" : "a page", second ? "a page" : "nothing");
}

void compare_memory(struct compare *c)
{
	struct free_ranges ranges = ranges_find(c);
	struct pages pages[2] = { 0 }, *a = &pages[0], *b = &pages[1];

	pages_open(c, 0, a);
	pages_open(c, 1, b);
	while (a->left || b->left) {
		c->nr_fields++;
		if (!b->left || (a->left && a->vaddr < b->vaddr)) {
			page_lonely(c, a, false, &ranges);
			pages_next(a);
		} else if (!a->left || b->vaddr < a->vaddr) {
			page_lonely(c, b, true, &ranges);
			pages_next(b);
		} else {
			if (a->flags != b->flags)
				differ(c, "flags", "some", "others");
			bytes_differ(c, a->vaddr, page_content(c, a), page_content(c, b), &ranges);
			pages_next(a);
			pages_next(b);
		}
	}
	for (int i = 0; i < 2; i++) {
		if (pages[i].at != pages[i].content_len && strncmp(c->file, "pagemap-shmem-", 14))
			differ(c, "length", "of pages listed", "of the file");
		if (pages[i].content_len)
			munmap(pages[i].content, pages[i].content_len);
		json_decref(pages[i].map);
	}
	free(ranges.items);
}
