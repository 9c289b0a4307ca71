// SPDX-License-Identifier: GPL-2.0
/* The device: opening it, single answers, and lists in pieces; see dev.h and uapi/crctl.h. */
#include "kapi/dev.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "kapi/dev_list.h"
#include "lib/cleanup.h"

#define BUF_LEN (256u << 10)
#define BUF_MAX (16u << 20)
#define NR_RUNS 512u

int dev_open(struct dev **ret_dev)
{
	struct crctl_query query = { .size = sizeof(query) };
	struct dev *dev;
	auto_close int fd = open(CRCTL_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return errno == ENXIO || errno == ENODEV ? -ENOENT : -errno;
	if (ioctl(fd, CRCTL_QUERY, &query))
		return errno == ENOTTY ? -EPROTO : -errno;
	if (query.contract != CRCTL_CONTRACT)
		return -EPROTO;
	dev = calloc(1, sizeof(*dev));
	if (!dev)
		return -ENOMEM;
	dev->fd = steal_fd(&fd);
	dev->features = query.features;
	*ret_dev = dev;
	return 0;
}

void dev_close(struct dev *dev)
{
	if (!dev)
		return;
	close(dev->fd);
	free(dev->buf);
	free(dev);
}

uint64_t dev_features(const struct dev *dev)
{
	return dev ? dev->features : 0;
}

int dev_module_text(const char *name, char *buf, size_t size)
{
	char path[64];
	auto_close int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/module/crctl/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, buf, size - 1);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return 0;
}

static int dev_call(struct dev *dev, uint64_t feature, unsigned long command, void *arg)
{
	if (!dev || !(dev->features & feature))
		return -EOPNOTSUPP;
	return ioctl(dev->fd, command, arg) < 0 ? -errno : 0;
}

/* ---- lists ---- */

static int list_room(struct dev *dev, uint32_t need)
{
	char *buf;

	if (need <= dev->buf_len)
		return 0;
	if (need > BUF_MAX)
		return -EMSGSIZE;
	buf = realloc(dev->buf, need);
	if (!buf)
		return -ENOMEM;
	dev->buf = buf;
	dev->buf_len = need;
	return 0;
}

/* The records of one answer; their fixed part at least @size bytes, the rest zeros. */
static int list_records(struct dev *dev, const struct crctl_list *list, size_t size,
			int (*each)(void *arg, const void *record, const char *base), void *arg)
{
	char longer[DEV_RECORD_MAX] __attribute__((aligned(8)));
	size_t at = 0;
	int ret = 0;

	if (list->record_size < sizeof(uint32_t) || size > sizeof(longer))
		return -EPROTO;
	for (uint32_t i = 0; i < list->nr && !ret; i++) {
		const char *base = dev->buf + at;
		uint32_t len;

		memcpy(&len, base, sizeof(len));
		if (len % 8 || len < list->record_size || len > dev->buf_len - at)
			return -EPROTO;
		if (list->record_size < size) {
			memcpy(longer, base, list->record_size);
			memset(longer + list->record_size, 0, size - list->record_size);
		}
		ret = each(arg, list->record_size < size ? longer : base, base);
		at += len;
	}
	return ret;
}

int dev_list_each(struct dev *dev, uint64_t feature, unsigned long command,
		  struct crctl_list list, size_t size,
		  int (*each)(void *arg, const void *record, const char *base), void *arg)
{
	int ret = 0;

	if (!dev || !(dev->features & feature))
		return -EOPNOTSUPP;
	ret = list_room(dev, BUF_LEN);
	list.size = sizeof(list);
	while (!ret && list.cursor != CRCTL_CURSOR_END) {
		list.buf = (uintptr_t)dev->buf;
		list.buf_len = dev->buf_len;
		ret = dev_call(dev, feature, command, &list);
		if (ret == -EMSGSIZE && list.needed > dev->buf_len)
			ret = list_room(dev, list.needed);
		else if (!ret)
			ret = list_records(dev, &list, size, each, arg);
	}
	return ret;
}

int dev_text(const char *base, uint32_t at, uint32_t len, char **ret_text)
{
	*ret_text = NULL;
	if (!at)
		return 0;
	*ret_text = malloc(len + 1);
	if (!*ret_text)
		return -ENOMEM;
	memcpy(*ret_text, base + at, len);
	(*ret_text)[len] = '\0';
	return 0;
}

/* Records without texts, into an array. */
struct plain {
	void *list;		/* { T *items; size_t nr, cap; } */
	size_t size;
};
struct plain_list { char *items; size_t nr, cap; };

static int plain_add(void *arg, const void *record, const char *base)
{
	const struct plain *p = arg;
	struct plain_list *list = p->list;

	if (array_grow(&list->items, &list->cap, list->nr + 1, p->size))
		return -ENOMEM;
	memcpy(list->items + list->nr++ * p->size, record, p->size);
	return 0;
}

static int plain_read(struct dev *dev, uint64_t feature, unsigned long command, pid_t pid,
		      size_t size, void *ret)
{
	struct plain_list list = { 0 };
	struct plain p = { .list = &list, .size = size };
	int ret_code = dev_list_each(dev, feature, command, (struct crctl_list){ .pid = pid },
				     size, plain_add, &p);

	if (ret_code)
		array_free(&list);
	else
		memcpy(ret, &list, sizeof(list));
	return ret_code;
}

int dev_read_timers(struct dev *dev, pid_t pid, struct dev_timer_list *ret)
{
	return plain_read(dev, CRCTL_HAS_TIMERS, CRCTL_TIMERS, pid, sizeof(*ret->items), ret);
}

int dev_read_aio(struct dev *dev, pid_t pid, struct dev_aio_list *ret)
{
	return plain_read(dev, CRCTL_HAS_AIO, CRCTL_AIO, pid, sizeof(*ret->items), ret);
}

/* ---- single answers ---- */

int dev_read_task(struct dev *dev, pid_t pid, struct crctl_task *ret)
{
	*ret = (struct crctl_task){ .size = sizeof(*ret), .pid = pid };
	return dev_call(dev, CRCTL_HAS_TASK, CRCTL_TASK, ret);
}

int dev_read_uring(struct dev *dev, pid_t pid, int fd, struct crctl_uring *ret)
{
	*ret = (struct crctl_uring){ .size = sizeof(*ret), .pid = pid, .fd = fd };
	return dev_call(dev, CRCTL_HAS_URING, CRCTL_URING, ret);
}

int dev_copy_memory(struct dev *dev, pid_t pid, int out_fd, uint64_t pos,
		    const struct crctl_range *ranges, uint32_t nr_ranges,
		    int (*each)(void *arg, const struct crctl_memory_run *run, uint64_t pos),
		    void *arg)
{
	struct crctl_memory_run runs[NR_RUNS];
	struct crctl_memory m = {
		.size = sizeof(m), .pid = pid, .out_fd = out_fd, .pos = pos,
		.ranges = (uintptr_t)ranges, .nr_ranges = nr_ranges,
		.runs = (uintptr_t)runs, .max_runs = NR_RUNS,
	};
	int ret = 0;

	while (!ret && m.next < nr_ranges) {
		ret = dev_call(dev, CRCTL_HAS_MEMORY, CRCTL_MEMORY, &m);
		if (!ret && m.nr_runs > NR_RUNS)
			return -EPROTO;
		for (uint32_t i = 0; i < m.nr_runs && !ret; i++) {
			ret = each(arg, &runs[i], pos);
			pos += runs[i].end - runs[i].start;
		}
	}
	return ret;
}

int dev_read_overlay(struct dev *dev, pid_t pid, struct dev_overlay *ret)
{
	struct crctl_overlay *o = &ret->facts;
	int ret_code;

	ret->path = ret->real = NULL;
	if (!dev)
		return -EOPNOTSUPP;
	ret_code = list_room(dev, BUF_LEN);
	if (ret_code)
		return ret_code;
	o->size = sizeof(*o);
	o->pid = pid;
	o->buf = (uintptr_t)dev->buf;
	o->buf_len = dev->buf_len;
	ret_code = dev_call(dev, CRCTL_HAS_OVERLAY, CRCTL_OVERLAY, o);
	if (!ret_code && o->has & CRCTL_OVERLAY_HAS_PATH)
		ret_code = dev_text(dev->buf, o->path_at, o->path_len, &ret->path);
	if (!ret_code && o->real_len)
		ret_code = dev_text(dev->buf, o->real_at, o->real_len, &ret->real);
	if (ret_code)
		dev_overlay_free(ret);
	return ret_code;
}

void dev_overlay_free(struct dev_overlay *overlay)
{
	free(overlay->path);
	free(overlay->real);
	overlay->path = overlay->real = NULL;
}
