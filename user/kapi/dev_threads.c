// SPDX-License-Identifier: GPL-2.0
/* The threads of a process from the module. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kapi/dev_list.h"

static int copy_at(const char *base, uint32_t at, size_t len, void *ret_copy)
{
	void *copy;

	if (!at || !len)
		return 0;
	copy = malloc(len);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, base + at, len);
	*(void **)ret_copy = copy;
	return 0;
}

static int threads_add(void *arg, const void *record, const char *base)
{
	const struct crctl_thread *r = record;
	struct dev_thread *thread = array_add((struct dev_thread_list *)arg);
	int ret;

	if (!thread)
		return -ENOMEM;
	thread->facts = *r;
	ret = copy_at(base, r->groups_at, r->nr_groups * sizeof(uint32_t), &thread->groups);
	return ret ? ret : copy_at(base, r->cpus_at, r->cpus_len, &thread->cpus);
}

int dev_read_threads(struct dev *dev, pid_t pid, struct dev_thread_list *ret)
{
	struct dev_thread_list list = { 0 };
	int ret_code = dev_list_each(dev, CRCTL_HAS_THREADS, CRCTL_THREADS,
				     (struct crctl_list){ .pid = pid },
				     sizeof(struct crctl_thread), threads_add, &list);

	if (ret_code)
		dev_threads_free(&list);
	else
		*ret = list;
	return ret_code;
}

void dev_threads_free(struct dev_thread_list *list)
{
	array_for_each(list, thread) {
		free(thread->groups);
		free(thread->cpus);
	}
	array_free(list);
}
