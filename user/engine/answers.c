// SPDX-License-Identifier: GPL-2.0
/* The questions of a dump that have two answerers; see answers.h. */
#include "engine/answers.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kapi/dev.h"

const struct question questions[] = {
	{ "memory areas", CRCTL_HAS_MAP_FILES, "/proc/PID/smaps" },
	{ "descriptors", CRCTL_HAS_FILES, "fdinfo, pidfd_getfd, kcmp" },
	{ "state of processes", CRCTL_HAS_TASK, "/proc, kcmp, code in the process" },
	{ "state of threads", CRCTL_HAS_THREADS, "/proc, ptrace, code in the thread" },
	{ "POSIX timers", CRCTL_HAS_TIMERS, "/proc, code in the process" },
	{ "AIO in flight", CRCTL_HAS_AIO, NULL },
	{ "files of overlayfs", CRCTL_HAS_OVERLAY, "/proc, a search by inode" },
	{ "watches", CRCTL_HAS_WATCHES, "fdinfo, a search by inode" },
	{ "io_uring in flight", CRCTL_HAS_URING, NULL },
	{ "content of memory", CRCTL_HAS_MEMORY, "/proc/PID/mem" },
	{ 0 },
};

int answers_look(bool no_module, struct answers *ret)
{
	struct dev *dev = NULL;

	memset(ret, 0, sizeof(*ret));
	ret->loaded = !dev_module_text("initstate", ret->version, sizeof(ret->version));
	if (dev_module_text("version", ret->version, sizeof(ret->version)))
		snprintf(ret->version, sizeof(ret->version), "unknown");
	ret->ret = no_module ? -ECANCELED : dev_open(&dev);
	ret->features = dev_features(dev);
	dev_close(dev);
	return ret->ret;
}

bool answers_has(const struct answers *a, const struct question *q)
{
	return a->features & q->feature;
}

const char *answers_why(const struct answers *a)
{
	switch (a->ret) {
	case 0:
		return "the module is asked";
	case -ECANCELED:
		return "the module is not asked (--no-module)";
	case -ENOENT:
		return a->loaded ? "the module is loaded but has no /dev/crctl" :
				   "the module is not loaded";
	case -EPERM:
	case -EACCES:
		return "the module may not be asked by this user; run crctl as root";
	case -EPROTO:
		return "the module belongs to another version of crctl; load the one that came "
		       "with this";
	default:
		return "the module cannot be asked";
	}
}
