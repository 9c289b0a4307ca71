// SPDX-License-Identifier: GPL-2.0
/* CRCTL_MAP_FILES against /proc/PID/maps and stat(2), in large and in small pieces. */
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "uapi.h"

#define NR_SMALL 3000

static void *file_at, *named_at;

static void memory_set_up(void *arg)
{
	int fd = open("/tmp/crctl map files\nnew line", O_RDWR | O_CREAT | O_TRUNC, 0600);
	char *p;

	check(fd >= 0 && !ftruncate(fd, 3 * 4096));
	file_at = mmap(NULL, 2 * 4096, PROT_READ, MAP_PRIVATE, fd, 4096);
	check(file_at != MAP_FAILED);
	check(!mprotect(file_at, 4096, PROT_READ | PROT_WRITE));
	check(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED);
	check(mmap(NULL, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
	named_at = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	prctl(0x53564d41 /* PR_SET_VMA */, 0, named_at, 4096, "a name");
	p = mmap(NULL, NR_SMALL * 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(p != MAP_FAILED);
	for (int i = 0; i < NR_SMALL; i += 2)
		check(!mprotect(p + i * 4096, 4096, PROT_NONE));
	check(!madvise(p, 4096, MADV_DONTFORK));
}

struct compare {
	FILE *maps;
	pid_t pid;
	char last[4096];
	bool file_seen, named_seen;
};

static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (!strncmp(s, "\\012", 4))
			*to++ = '\n', s += 3;
		else
			*to++ = *s;
	}
	*to = 0;
}

static void stat_compare(const struct compare *c, const struct crctl_vma *v)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/map_files/%llx-%llx", c->pid,
		 (unsigned long long)v->start, (unsigned long long)v->end);
	if (stat(path, &st))
		return;		/* not of a file in a directory */
	check(st.st_ino == v->ino && major(st.st_dev) == v->dev_major &&
	      minor(st.st_dev) == v->dev_minor && st.st_nlink == v->nlink &&
	      st.st_mode == v->mode && (uint64_t)st.st_size == v->file_len);
}

static void vma_compare(const void *record, uint32_t size, void *arg)
{
	const struct crctl_vma *v = record;
	struct compare *c = arg;
	unsigned long start, end, pgoff, ino;
	unsigned int maj, min;
	char line[8192], perms[8], mine[5], *name;
	int at;

	check(fgets(line, sizeof(line), c->maps));
	line[strcspn(line, "\n")] = 0;
	check(sscanf(line, "%lx-%lx %7s %lx %x:%x %lu %n", &start, &end, perms, &pgoff, &maj, &min,
		     &ino, &at) == 7);
	name = line + at;
	unescape(name);
	snprintf(mine, sizeof(mine), "%c%c%c%c", v->flags & CRCTL_VMA_READ ? 'r' : '-',
		 v->flags & CRCTL_VMA_WRITE ? 'w' : '-', v->flags & CRCTL_VMA_EXEC ? 'x' : '-',
		 v->flags & CRCTL_VMA_MAYSHARE ? 's' : 'p');
	check(v->start == start && v->end == end && v->pgoff == pgoff, "%s", line);
	check(!strcmp(perms, mine), "%s %s", line, mine);
	check(v->mm_dev_major == maj && v->mm_dev_minor == min && v->mm_ino == ino, "%s", line);
	if (!(v->flags & CRCTL_VMA_SAME_NAME))
		snprintf(c->last, sizeof(c->last), "%s",
			 v->name_at ? (const char *)record + v->name_at : "");
	check(v->name_at ? strlen(c->last) == v->name_len : !v->name_len);
	check(!strcmp(name, c->last), "%s: %s", name, c->last);
	check(!!v->file_id == (ino != 0), "%s", line);
	if (v->file_id)
		stat_compare(c, v);
	check(v->page_shift == 12);
	c->file_seen |= v->start == (uintptr_t)file_at && v->kind == CRCTL_VMA_IS_FILE;
	c->named_seen |= v->start <= (uintptr_t)named_at && v->end > (uintptr_t)named_at;
}

int main(void)
{
	static const uint32_t pieces[] = { 400, 4096, 65536, 1 << 20 };
	int fd = dev_open();
	struct crctl_list list = { 0 };

	memory_set_up(NULL);
	list.pid = getpid();
	for (int i = 0; i < 4; i++) {
		struct compare c = { .pid = child_start(memory_set_up, NULL) };
		char path[64], line[8192];

		snprintf(path, sizeof(path), "/proc/%d/maps", c.pid);
		c.maps = fopen(path, "r");
		list.pid = c.pid;
		list_all(fd, CRCTL_MAP_FILES, list, pieces[i], vma_compare, &c);
		check(!fgets(line, sizeof(line), c.maps) || strstr(line, "[vsyscall]"), "%s", line);
		check(c.named_seen);
		fclose(c.maps);
		child_end(c.pid);
	}
	list.pid = getpid();
	list_wrong(fd, CRCTL_MAP_FILES, list, false);
	unlink("/tmp/crctl map files\nnew line");
	return 0;
}
