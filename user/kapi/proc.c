// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/PID read and parsed. Formats: Documentation/filesystems/proc.rst. What
 * a newer kernel adds (lines, letters of VmFlags) is skipped, not an error.
 */
#include "kapi/proc.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/cleanup.h"

#define PROC_BUF_MIN 65536

void proc_buf_free(struct proc_buf *buf)
{
	free(buf->data);
	memset(buf, 0, sizeof(*buf));
}

static int proc_buf_room(struct proc_buf *buf)
{
	size_t cap = buf->cap ? buf->cap * 2 : PROC_BUF_MIN;
	char *data;

	if (buf->cap - buf->len > 4096)
		return 0;
	data = realloc(buf->data, cap);
	if (!data)
		return -ENOMEM;
	buf->data = data;
	buf->cap = cap;
	return 0;
}

/*
 * @single: the kernel writes the file with one call (fs/seq_file.c, single_open), so
 * that a short read is all of it; a list may come in several pieces.
 */
static int proc_read_file(int dir_fd, const char *name, bool single, struct proc_buf *buf)
{
	auto_close int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	ssize_t n;
	int ret;

	if (fd < 0)
		return -errno;
	buf->len = 0;
	for (;;) {
		ret = proc_buf_room(buf);
		if (ret)
			return ret;
		n = read(fd, buf->data + buf->len, buf->cap - buf->len - 1);
		if (n < 0)
			return -errno;
		if (!n)
			break;
		buf->len += (size_t)n;
		if (single && buf->len < buf->cap - 1)
			break;
	}
	buf->data[buf->len] = 0;
	return 0;
}

int proc_read(int dir_fd, const char *name, struct proc_buf *buf)
{
	return proc_read_file(dir_fd, name, false, buf);
}

int proc_open(pid_t pid, int *ret_fd)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

const char *proc_thread_prefix(pid_t tid, char *buf)
{
	snprintf(buf, 32, "task/%d/", tid);
	return buf;
}

static int proc_read_prefixed(int dir_fd, const char *prefix, const char *file, bool single,
			      struct proc_buf *buf)
{
	char name[64];

	snprintf(name, sizeof(name), "%s%s", prefix, file);
	return proc_read_file(dir_fd, name, single, buf);
}

/* The decimal number at *p, which moves behind it and the blanks that follow. */
static uint64_t proc_next(char **p)
{
	uint64_t v = strtoull(*p, p, 10);

	while (**p == ' ' || **p == '\t')
		(*p)++;
	return v;
}

int proc_read_stat(int dir_fd, const char *prefix, struct proc_buf *buf, struct proc_stat *ret)
{
	uint64_t v[53] = { 0 };
	char *p;
	int ret_code = proc_read_prefixed(dir_fd, prefix, "stat", true, buf);

	if (ret_code)
		return ret_code;
	p = strrchr(buf->data, ')');
	if (!p || !p[1] || !p[2] || !strchr(buf->data, '('))
		return -EINVAL;
	*p = 0;
	snprintf(ret->comm, sizeof(ret->comm), "%s", strchr(buf->data, '(') + 1);
	ret->state = p[2];
	p += 4;
	for (int i = 4; i <= 52 && *p; i++)
		v[i] = proc_next(&p);
	ret->ppid = (pid_t)v[4];
	ret->pgid = (pid_t)v[5];
	ret->sid = (pid_t)v[6];
	ret->tty = (uint32_t)v[7];
	ret->tty_pgrp = (pid_t)v[8];
	ret->flags = v[9];
	ret->nr_threads = (int)v[20];
	ret->start_time = v[22];
	ret->start_code = v[26];
	ret->end_code = v[27];
	ret->start_stack = v[28];
	ret->start_data = v[45];
	ret->end_data = v[46];
	ret->start_brk = v[47];
	ret->arg_start = v[48];
	ret->arg_end = v[49];
	ret->env_start = v[50];
	ret->env_end = v[51];
	ret->exit_signal = (int)v[38];
	ret->exit_code = (int)v[52];
	ret->last_cpu = (int)v[39];
	return 0;
}

/* Name: escapes newline and backslash (fs/proc/array.c: proc_task_name). */
static void status_comm(const char *p, char *comm)
{
	size_t n = 0;

	while (*p && *p != '\n' && n < 15) {
		if (*p == '\\' && p[1] == 'n') {
			comm[n++] = '\n';
			p += 2;
		} else if (*p == '\\' && p[1] >= '0' && p[1] <= '7') {
			comm[n++] = (char)((p[1] - '0') * 64 + (p[2] - '0') * 8 + (p[3] - '0'));
			p += 4;
		} else if (*p == '\\' && p[1]) {
			comm[n++] = p[1];
			p += 2;
		} else {
			comm[n++] = *p++;
		}
	}
	comm[n] = 0;
}

static int status_groups(char *p, struct proc_status *st)
{
	ARRAY_OF(uint32_t) groups = { 0 };

	while (isdigit((unsigned char)*p)) {
		uint32_t *g = array_add(&groups);

		if (!g) {
			array_free(&groups);
			return -ENOMEM;
		}
		*g = (uint32_t)proc_next(&p);
	}
	st->groups = groups.items;
	st->nr_groups = groups.nr;
	return 0;
}

static void status_ids(char *p, uint32_t *ids)
{
	for (int i = 0; i < 4; i++)
		ids[i] = (uint32_t)proc_next(&p);
}

/* One "Key:\tvalue" line; @p is the value. */
static int status_line(const char *key, char *p, struct proc_status *st)
{
	const struct { const char *key; uint64_t *value; } hex[] = {
		{ "SigPnd", &st->sig_pending }, { "ShdPnd", &st->sig_shared_pending },
		{ "SigIgn", &st->sig_ignored }, { "SigCgt", &st->sig_caught },
		{ "CapInh", &st->cap_inh }, { "CapPrm", &st->cap_prm },
		{ "CapEff", &st->cap_eff }, { "CapBnd", &st->cap_bnd },
		{ "CapAmb", &st->cap_amb },
	};
	const struct { const char *key; uint32_t *value; int base; } words[] = {
		{ "TracerPid", (uint32_t *)&st->tracer, 10 }, { "Umask", &st->umask, 8 },
		{ "NoNewPrivs", &st->no_new_privs, 10 }, { "Seccomp", &st->seccomp_mode, 10 },
		{ "Seccomp_filters", &st->nr_seccomp_filters, 10 },
	};

	for (size_t i = 0; i < sizeof(hex) / sizeof(hex[0]); i++) {
		if (!strcmp(key, hex[i].key)) {
			*hex[i].value = strtoull(p, NULL, 16);
			return 0;
		}
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!strcmp(key, words[i].key)) {
			*words[i].value = (uint32_t)strtoul(p, NULL, words[i].base);
			return 0;
		}
	}
	if (!strcmp(key, "voluntary_ctxt_switches"))
		st->nr_voluntary = strtoull(p, NULL, 10);
	else if (!strcmp(key, "VmLck"))
		st->locked_kb = strtoull(p, NULL, 10);
	else if (!strcmp(key, "Name"))
		status_comm(p, st->comm);
	else if (!strcmp(key, "Uid"))
		status_ids(p, st->uid);
	else if (!strcmp(key, "Gid"))
		status_ids(p, st->gid);
	else if (!strcmp(key, "Groups"))
		return status_groups(p, st);
	return 0;
}

int proc_read_status(int dir_fd, const char *prefix, struct proc_buf *buf,
		     struct proc_status *ret)
{
	char *p, *end, *colon;
	int ret_code = proc_read_prefixed(dir_fd, prefix, "status", true, buf);

	if (ret_code)
		return ret_code;
	memset(ret, 0, sizeof(*ret));
	for (p = buf->data; *p; p = end + 1) {
		end = strchr(p, '\n');
		if (!end)
			break;
		*end = 0;
		colon = strchr(p, ':');
		if (!colon)
			continue;
		*colon++ = 0;
		while (*colon == '\t' || *colon == ' ')
			colon++;
		ret_code = status_line(p, colon, ret);
		if (ret_code)
			return ret_code;
	}
	return 0;
}

void proc_status_free(struct proc_status *st)
{
	free(st->groups);
	st->groups = NULL;
}

/* Two letters each, in the order of enum vma_flag (fs/proc/task_mmu.c). */
static const char vma_flag_names[][3] = {
	"rd", "wr", "ex", "ms", "mw", "gd", "lo", "io", "sr", "rr", "dc", "de", "nr", "ht",
	"wf", "dd", "mg", "hg", "nh", "pf", "um", "ss", "sl", "lf", "mm", "dp", "gu",
};

static uint32_t vma_flag_parse(const char *p)
{
	if (p[0] == 'u' && p[1] == 'w')
		return VMF_UFFD;
	if (p[0] == 'u' && p[1] == 'i')
		return VMF_UFFD;
	for (size_t i = 0; i < sizeof(vma_flag_names) / sizeof(vma_flag_names[0]); i++)
		if (p[0] == vma_flag_names[i][0] && p[1] == vma_flag_names[i][1])
			return 1u << i;
	return 0;
}

/* Hexadecimal without the generality of strtoull: these files are megabytes. */
static uint64_t hex_next(const char **p)
{
	uint64_t v = 0;

	for (;; (*p)++) {
		char c = **p;

		if (c >= '0' && c <= '9')
			v = v << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			v = v << 4 | (uint64_t)(c - 'a' + 10);
		else
			return v;
	}
}

/* The undoing of the kernel's \ooo (seq_path escapes newlines), in place. */
static void path_unescape(char *path)
{
	char *to = path;

	for (const char *p = path; *p;) {
		if (!strncmp(p, "\\012", 4)) {
			*to++ = '\n';
			p += 4;
		} else {
			*to++ = *p++;
		}
	}
	*to = 0;
}

/* The head line: start-end perms pgoff maj:min inode name. */
static void vma_head(const char *p, struct proc_vma *vma, size_t *ret_name)
{
	const char *line = p;
	unsigned int major, minor;

	vma->start = hex_next(&p);
	p++;
	vma->end = hex_next(&p);
	p += 6;
	vma->pgoff = hex_next(&p);
	p++;
	major = (unsigned int)hex_next(&p);
	p++;
	minor = (unsigned int)hex_next(&p);
	p++;
	vma->dev = makedev(major, minor);
	vma->ino = strtoull(p, (char **)&p, 10);
	while (*p == ' ')
		p++;
	*ret_name = (size_t)(p - line);
}

/* A "Key:  123 kB" or VmFlags line. */
static void vma_detail(const char *p, struct proc_vma *vma)
{
	switch (*p) {
	case 'K':
		if (!strncmp(p, "KernelPageSize:", 15))
			vma->page_kb = (uint32_t)strtoul(p + 15, NULL, 10);
		break;
	case 'P':
		if (!strncmp(p, "ProtectionKey:", 14))
			vma->pkey = (int)strtol(p + 14, NULL, 10);
		break;
	case 'R':
		if (!strncmp(p, "Rss:", 4))
			vma->empty = !strtoul(p + 4, NULL, 10);
		break;
	case 'S':
		if (!strncmp(p, "Swap:", 5) && strtoul(p + 5, NULL, 10))
			vma->empty = false;
		break;
	case 'V':
		for (p += 9; *p && p[1]; p += 3)
			vma->flags |= vma_flag_parse(p);
		break;
	}
}

static bool vma_is_head(const char *p)
{
	return isdigit((unsigned char)*p) || (*p >= 'a' && *p <= 'f');
}

/* The list as it grows: a name is an offset into @names until all are there. */
struct vmas_reader {
	struct proc_vma_list *list;
	struct proc_vma *vma;	/* whose details follow */
	char *names;
	size_t names_len, names_cap;
	size_t last_name;	/* runs of equal names are kept once */
};

static int vmas_name(struct vmas_reader *r, char *name)
{
	size_t len = strlen(name) + 1;

	path_unescape(name);
	if (strcmp(r->names + r->last_name, name)) {
		if (array_grow(&r->names, &r->names_cap, r->names_len + len, 1))
			return -ENOMEM;
		r->last_name = *name ? r->names_len : 0;
		if (*name) {
			memcpy(r->names + r->names_len, name, len);
			r->names_len += len;
		}
	}
	r->vma->name = (const char *)(uintptr_t)r->last_name;
	return 0;
}

static int vmas_line(struct vmas_reader *r, char *line)
{
	size_t name;

	if (!vma_is_head(line)) {
		if (r->vma)
			vma_detail(line, r->vma);
		return 0;
	}
	r->vma = array_add(r->list);
	if (!r->vma)
		return -ENOMEM;
	vma_head(line, r->vma, &name);
	return vmas_name(r, line + name);
}

/* Whole lines of @buf; what is left of the last one is moved to the front. */
static int vmas_lines(struct vmas_reader *r, char *buf, size_t *len)
{
	char *p = buf, *end;
	int ret = 0;

	while (!ret && (end = memchr(p, '\n', *len - (size_t)(p - buf)))) {
		*end = 0;
		ret = vmas_line(r, p);
		p = end + 1;
	}
	*len -= (size_t)(p - buf);
	memmove(buf, p, *len);
	return ret;
}

/* Hundreds of bytes an area: read through a buffer that stays in the cache. */
static int vmas_read(struct vmas_reader *r, int fd)
{
	char buf[32768];
	size_t len = 0;
	int ret = 0;

	while (!ret) {
		ssize_t n = read(fd, buf + len, sizeof(buf) - len);

		if (n <= 0)
			return n ? -errno : 0;
		len += (size_t)n;
		ret = vmas_lines(r, buf, &len);
		if (len == sizeof(buf))
			return -EOVERFLOW;
	}
	return ret;
}

int proc_read_vmas(int dir_fd, struct proc_buf *buf, struct proc_vma_list *ret)
{
	struct proc_vma_list list = { 0 };
	struct vmas_reader r = { .list = &list };
	auto_close int fd = openat(dir_fd, "smaps", O_RDONLY | O_CLOEXEC);
	int ret_code = fd < 0 ? -errno : array_grow(&r.names, &r.names_cap, 1, 1);

	if (!ret_code) {
		r.names[r.names_len++] = 0;
		ret_code = vmas_read(&r, fd);
	}
	list.names = r.names;
	if (ret_code) {
		proc_vmas_free(&list);
		return ret_code;
	}
	array_for_each(&list, vma)
		vma->name = r.names + (uintptr_t)vma->name;
	*ret = list;
	return 0;
}

void proc_vmas_free(struct proc_vma_list *list)
{
	free(list->items);
	free(list->names);
	memset(list, 0, sizeof(*list));
}

static int pid_add(struct pid_array *pids, pid_t pid)
{
	pid_t *p = array_add(pids);

	if (!p)
		return -ENOMEM;
	*p = pid;
	return 0;
}

int proc_read_children(int dir_fd, pid_t tid, struct proc_buf *buf, struct pid_array *ret)
{
	char prefix[32];
	char *p;
	int ret_code;

	ret_code =
		proc_read_prefixed(dir_fd, proc_thread_prefix(tid, prefix), "children", false, buf);
	if (ret_code)
		return ret_code;
	for (p = buf->data; isdigit((unsigned char)*p) && !ret_code;)
		ret_code = pid_add(ret, (pid_t)proc_next(&p));
	return ret_code;
}

int proc_list_numbers(int dir_fd, const char *name, struct pid_array *ret)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_closedir DIR *dir = NULL;
	struct dirent *de;
	int ret_code = 0;

	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	while (!ret_code && (de = readdir(dir)))
		if (isdigit((unsigned char)de->d_name[0]))
			ret_code = pid_add(ret, atoi(de->d_name));
	return ret_code;
}

static void timer_line(const char *line, struct timer_array *timers)
{
	struct proc_timer *t = timers->nr ? &timers->items[timers->nr - 1] : NULL;
	unsigned long long sigval;
	char kind[16];

	if (!t)
		return;
	if (sscanf(line, "signal: %d/%llx", &t->signo, &sigval) == 2)
		t->sigval = sigval;
	else if (sscanf(line, "notify: %15[^/]/%*3[a-z].%d", kind, &t->tid) == 2)
		t->notify = (!strcmp(kind, "none") ? 1 : !strcmp(kind, "thread") ? 2 : 0) |
			    (strstr(line, "/tid.") ? 4 : 0);
	else
		(void)sscanf(line, "ClockID: %d", &t->clock);
}

int proc_read_timers(int dir_fd, struct proc_buf *buf, struct timer_array *ret)
{
	char *line, *save = NULL;
	int id, ret_code;

	ret_code = proc_read(dir_fd, "timers", buf);
	if (ret_code)
		return ret_code;
	for (line = strtok_r(buf->data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line, "ID: %d", &id) == 1) {
			struct proc_timer *t = array_add(ret);

			if (!t)
				return -ENOMEM;
			t->id = id;
		} else {
			timer_line(line, ret);
		}
	}
	return 0;
}

const char *proc_text_value(const char *text, const char *key)
{
	size_t len = strlen(key);

	while (strncmp(text, key, len)) {
		text = strchr(text, '\n');
		if (!text)
			return NULL;
		text++;
	}
	return text + len + strspn(text + len, " \t");
}

int proc_read_fdinfo(int dir_fd, const char *name, struct proc_buf *buf,
		     struct proc_fdinfo *ret)
{
	char *p, *end;
	int ret_code = proc_read_file(dir_fd, name, true, buf);

	if (ret_code)
		return ret_code;
	memset(ret, 0, sizeof(*ret));
	for (p = buf->data; *p; p = end + 1) {
		end = strchr(p, '\n');
		if (!end)
			break;
		if (!strncmp(p, "pos:", 4))
			ret->pos = strtoull(p + 4, NULL, 10);
		else if (!strncmp(p, "flags:", 6))
			ret->flags = (uint32_t)strtoul(p + 6, NULL, 8);
		else if (!strncmp(p, "mnt_id:", 7))
			ret->mnt_id = (int)strtol(p + 7, NULL, 10);
		else if (!strncmp(p, "lock:", 5))
			ret->has_lock = true;
		else if (!strncmp(p, "ino:", 4))
			ret->ino = strtoull(p + 4, NULL, 10);
		else if (!ret->rest)
			ret->rest = p;
		if (!strncmp(p, "eventfd-id:", 11))
			ret->object = strtoull(p + 11, NULL, 10) + 1;
	}
	return 0;
}

int proc_read_number(int dir_fd, const char *name, int base, struct proc_buf *buf,
		     int64_t *ret)
{
	char *end;
	int64_t value;
	int ret_code = proc_read_file(dir_fd, name, true, buf);

	if (ret_code)
		return ret_code;
	value = buf->data[0] == '-' ? strtoll(buf->data, &end, base)
				    : (int64_t)strtoull(buf->data, &end, base);
	if (end == buf->data)
		return -EINVAL;
	*ret = value;
	return 0;
}

static const char *limit_value(const char *p, uint64_t *ret)
{
	while (*p == ' ')
		p++;
	if (!strncmp(p, "unlimited", 9)) {
		*ret = RLIM_INFINITY;
		return p + 9;
	}
	*ret = strtoull(p, (char **)&p, 10);
	return p;
}

/* Lines come in the order of the RLIMIT_ numbers (fs/proc/base.c: lnames). */
int proc_read_limits(int dir_fd, struct proc_buf *buf, uint64_t (*ret)[2])
{
	const char *p;
	int ret_code = proc_read_file(dir_fd, "limits", true, buf);

	if (ret_code)
		return ret_code;
	p = buf->data;
	for (int i = 0; i < (int)RLIM_NLIMITS; i++) {
		p = strchr(p, '\n');
		if (!p || strlen(p) < 28)
			return -EINVAL;
		limit_value(limit_value(p + 27, &ret[i][0]), &ret[i][1]);
		p++;
	}
	return 0;
}

int proc_read_link(int dir_fd, const char *name, char *buf, size_t size)
{
	ssize_t n = readlinkat(dir_fd, name, buf, size);

	if (n < 0)
		return -errno;
	if ((size_t)n >= size)
		return -ENAMETOOLONG;
	buf[n] = 0;
	return 0;
}
