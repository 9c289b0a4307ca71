// SPDX-License-Identifier: GPL-2.0
/* See module.h; the calls are libkmod's (modprobe and rmmod are made of the same). */
#include "kapi/module.h"

#include <errno.h>
#include <fcntl.h>
#include <libkmod.h>
#include <stddef.h>
#include <syslog.h>
#include <unistd.h>

#define MODULE_NAME "crctl"

static void cleanup_unref(struct kmod_ctx **ctx)
{
	kmod_unref(*ctx);
}

static void cleanup_module(struct kmod_module **mod)
{
	kmod_module_unref(*mod);
}

#define auto_ctx    __attribute__((cleanup(cleanup_unref)))
#define auto_module __attribute__((cleanup(cleanup_module)))

/* The library would print its own words; the answer is the errno. */
static struct kmod_ctx *ctx_new(void)
{
	struct kmod_ctx *ctx = kmod_new(NULL, NULL);

	if (ctx)
		kmod_set_log_priority(ctx, LOG_EMERG);
	return ctx;
}

static int load_installed(struct kmod_ctx *ctx)
{
	auto_module struct kmod_module *mod = NULL;
	int ret = kmod_module_new_from_name(ctx, MODULE_NAME, &mod);

	if (ret < 0)
		return ret;
	/* a module that no index knows has no path: libkmod would say -ENOENT late */
	if (!kmod_module_get_path(mod) && kmod_module_get_initstate(mod) < 0)
		return -ENOENT;
	ret = kmod_module_probe_insert_module(mod, KMOD_PROBE_FAIL_ON_LOADED, NULL, NULL, NULL,
					      NULL);
	return ret == -EEXIST ? 0 : ret;
}

static int load_file(struct kmod_ctx *ctx, const char *path)
{
	auto_module struct kmod_module *mod = NULL;
	int ret = kmod_module_new_from_path(ctx, path, &mod);

	if (!ret)
		ret = kmod_module_insert_module(mod, 0, NULL);
	return ret == -EEXIST ? 0 : ret;
}

int module_load(const char *path)
{
	auto_ctx struct kmod_ctx *ctx = ctx_new();

	if (!ctx)
		return -ENOMEM;
	if (access("/proc/modules", F_OK))
		return -ENOSYS;
	return path ? load_file(ctx, path) : load_installed(ctx);
}

int module_unload(void)
{
	auto_ctx struct kmod_ctx *ctx = ctx_new();
	auto_module struct kmod_module *mod = NULL;
	int ret;

	if (!ctx)
		return -ENOMEM;
	ret = kmod_module_new_from_name(ctx, MODULE_NAME, &mod);
	if (!ret && kmod_module_get_initstate(mod) < 0)
		return -ENOENT;
	ret = ret ? ret : kmod_module_remove_module(mod, KMOD_REMOVE_NOWAIT);
	/* the kernel says EAGAIN to who does not wait and is not alone (O_NONBLOCK) */
	return ret == -EAGAIN || ret == -EWOULDBLOCK ? -EBUSY : ret;
}
