// SPDX-License-Identifier: GPL-2.0
/*
 * Reads the dynamic symbols of a vdso and overwrites its functions with jumps.
 * An image may say anything: every offset is checked before use. Data pages
 * (vvar) are not looked at; old code that is still under way finds zeros there,
 * which is VDSO_CLOCKMODE_NONE, and asks the kernel.
 */
#include "mm/vdso.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

/* What a function does when the new vdso has none of that name. */
static const struct {
	const char *name;
	int nr;
} vdso_syscalls[] = {
	{ "__vdso_clock_gettime", SYS_clock_gettime },
	{ "__vdso_clock_getres", SYS_clock_getres },
	{ "__vdso_gettimeofday", SYS_gettimeofday },
	{ "__vdso_time", SYS_time },
	{ "__vdso_getcpu", SYS_getcpu },
	{ "__vdso_getrandom", SYS_getrandom },
};

struct vdso_tables {
	uint64_t load; /* address that offset 0 has */
	uint64_t symtab, strtab, strsz, hash;
};

static bool range_in(const struct vdso_image *v, uint64_t offset, uint64_t len)
{
	return offset <= v->len && len <= v->len - offset;
}

static int vdso_read_dynamic(const struct vdso_image *v, const Elf64_Phdr *ph,
			     struct vdso_tables *t)
{
	if (ph->p_offset % 8 || !range_in(v, ph->p_offset, ph->p_filesz))
		return -EINVAL;
	for (uint64_t i = 0; i < ph->p_filesz / sizeof(Elf64_Dyn); i++) {
		const Elf64_Dyn *d = (const Elf64_Dyn *)(v->base + ph->p_offset) + i;

		if (d->d_tag == DT_NULL)
			break;
		if (d->d_tag == DT_SYMTAB)
			t->symtab = d->d_un.d_ptr - t->load;
		else if (d->d_tag == DT_STRTAB)
			t->strtab = d->d_un.d_ptr - t->load;
		else if (d->d_tag == DT_STRSZ)
			t->strsz = d->d_un.d_val;
		else if (d->d_tag == DT_HASH)
			t->hash = d->d_un.d_ptr - t->load;
	}
	return 0;
}

static int vdso_read_headers(const struct vdso_image *v, struct vdso_tables *t)
{
	const Elf64_Ehdr *eh = (const Elf64_Ehdr *)v->base;
	const Elf64_Phdr *ph;
	int ret = -EINVAL;

	if (v->len < sizeof(*eh) || memcmp(eh->e_ident, ELFMAG, SELFMAG) ||
	    eh->e_ident[EI_CLASS] != ELFCLASS64 || eh->e_phentsize != sizeof(*ph) ||
	    eh->e_phoff % 8 || !range_in(v, eh->e_phoff, eh->e_phnum * sizeof(*ph)))
		return -EINVAL;
	ph = (const Elf64_Phdr *)(v->base + eh->e_phoff);
	for (int i = 0; i < eh->e_phnum; i++) {
		if (ph[i].p_type == PT_LOAD)
			t->load = ph[i].p_vaddr - ph[i].p_offset;
	}
	for (int i = 0; i < eh->e_phnum; i++) {
		if (ph[i].p_type == PT_DYNAMIC)
			ret = vdso_read_dynamic(v, &ph[i], t);
	}
	return ret;
}

/* How many symbols there are: the hash table says; else the names follow them. */
static uint64_t vdso_count(const struct vdso_image *v, const struct vdso_tables *t)
{
	if (t->hash && t->hash % 4 == 0 && range_in(v, t->hash, 8))
		return ((const uint32_t *)(v->base + t->hash))[1];
	return t->strtab > t->symtab ? (t->strtab - t->symtab) / sizeof(Elf64_Sym) : 0;
}

static int symbol_compare(const void *a, const void *b)
{
	const struct vdso_symbol *x = a, *y = b;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int vdso_add_symbol(struct vdso_image *v, const struct vdso_tables *t, const Elf64_Sym *s)
{
	uint64_t offset = s->st_value - t->load;
	const char *name = v->base + t->strtab + s->st_name;

	if (ELF64_ST_TYPE(s->st_info) != STT_FUNC || s->st_shndx == SHN_UNDEF)
		return 0;
	if (s->st_name >= t->strsz || !memchr(name, 0, t->strsz - s->st_name) ||
	    !range_in(v, offset, s->st_size) || v->nr == VDSO_MAX_SYMBOLS)
		return -EINVAL;
	v->symbols[v->nr++] = (struct vdso_symbol){
		.name = name,
		.offset = (uint32_t)offset,
		/* functions start at multiples of 16: what is between is padding */
		.room = (uint32_t)((offset + s->st_size + 15) / 16 * 16 - offset),
	};
	return 0;
}

/* No function may reach into the next one. */
static void vdso_trim(struct vdso_image *v)
{
	uint32_t next = (uint32_t)v->len;

	for (size_t i = v->nr; i-- > 0;) {
		struct vdso_symbol *s = &v->symbols[i];

		if (i + 1 < v->nr && v->symbols[i + 1].offset > s->offset)
			next = v->symbols[i + 1].offset;
		if (s->room > next - s->offset)
			s->room = next - s->offset;
	}
}

int vdso_parse(const void *base, size_t len, struct vdso_image *ret_image)
{
	struct vdso_image v = { .base = base, .len = len };
	struct vdso_tables t = { 0 };
	uint64_t nr;
	int ret = vdso_read_headers(&v, &t);

	if (ret || len > VDSO_MAX_LEN || t.symtab % 8)
		return -EINVAL;
	nr = vdso_count(&v, &t);
	if (nr > len || !range_in(&v, t.symtab, nr * sizeof(Elf64_Sym)) ||
	    !range_in(&v, t.strtab, t.strsz))
		return -EINVAL;
	for (uint64_t i = 0; !ret && i < nr; i++)
		ret = vdso_add_symbol(&v, &t, (const Elf64_Sym *)(v.base + t.symtab) + i);
	if (ret)
		return ret;
	qsort(v.symbols, v.nr, sizeof(*v.symbols), symbol_compare);
	vdso_trim(&v);
	*ret_image = v;
	return 0;
}

bool vdso_same(const struct vdso_image *a, const struct vdso_image *b)
{
	if (a->len != b->len || a->nr != b->nr)
		return false;
	for (size_t i = 0; i < a->nr; i++) {
		if (symbol_compare(&a->symbols[i], &b->symbols[i]))
			return false;
	}
	return true;
}

static const struct vdso_symbol *vdso_find(const struct vdso_image *v, const char *name)
{
	for (size_t i = 0; i < v->nr; i++) {
		if (!strcmp(v->symbols[i].name, name))
			return &v->symbols[i];
	}
	return NULL;
}

/* Aliases without the prefix are at the same place. -ENOENT: not a system call. */
static int vdso_syscall_nr(const char *name)
{
	for (size_t i = 0; i < sizeof(vdso_syscalls) / sizeof(*vdso_syscalls); i++) {
		if (!strcmp(name, vdso_syscalls[i].name) ||
		    !strcmp(name, vdso_syscalls[i].name + strlen("__vdso_")))
			return vdso_syscalls[i].nr;
	}
	return -ENOENT;
}

/* movabs $addr, %rax; jmp *%rax */
static size_t code_jump(char *code, uint64_t addr)
{
	memcpy(code, "\x48\xb8", 2);
	memcpy(code + 2, &addr, 8);
	memcpy(code + 10, "\xff\xe0", 2);
	return 12;
}

/*
 * mov $nr, %eax; syscall; ret. getrandom is asked with %r8 = -1 how large its
 * state is: that has no system call, and the answer is -ENOSYS.
 */
static size_t code_syscall(char *code, int nr)
{
	static const char nosys[] = "\x48\xc7\xc0\xda\xff\xff\xff\xc3";
	size_t len = 0;

	if (nr == SYS_getrandom) {
		memcpy(code, "\x49\x83\xf8\xff\x74\x08", 6);
		len = 6;
	}
	if (nr >= 0) {
		code[len] = (char)0xb8;
		memcpy(code + len + 1, &nr, 4);
		memcpy(code + len + 5, "\x0f\x05\xc3", 3);
		len += 8;
	}
	if (nr < 0 || nr == SYS_getrandom) {
		memcpy(code + len, nosys, 8);
		len += 8;
	}
	return len;
}

/* Names of one function follow each other; *next is behind the last. */
static size_t code_of_group(const struct vdso_image *old, size_t first,
			    const struct vdso_image *now, uint64_t now_addr, char *buf,
			    size_t *next)
{
	const struct vdso_symbol *to = NULL;
	int nr = -ENOENT;
	size_t i = first;

	for (; i < old->nr && old->symbols[i].offset == old->symbols[first].offset; i++) {
		if (!to)
			to = vdso_find(now, old->symbols[i].name);
		if (nr < 0)
			nr = vdso_syscall_nr(old->symbols[i].name);
	}
	*next = i;
	/* getrandom keeps a state in the task's memory, laid out as its kernel likes */
	if (to && nr != SYS_getrandom)
		return code_jump(buf, now_addr + to->offset);
	return code_syscall(buf, nr);
}

int vdso_redirect(const struct vdso_image *old, char *code, const struct vdso_image *now,
		  uint64_t now_addr, const char **ret_name)
{
	for (size_t i = 0; i < old->nr;) {
		const struct vdso_symbol *s = &old->symbols[i];
		char buf[32];
		size_t len = code_of_group(old, i, now, now_addr, buf, &i);

		if (len > s->room) {
			*ret_name = s->name;
			return -ENOSPC;
		}
		memcpy(code + s->offset, buf, len);
	}
	return 0;
}
