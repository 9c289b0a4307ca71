/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Loading and unloading crctl.ko through libkmod. Only crctl-module is linked with
 * that library, for there is no static one.
 */
#ifndef CRCTL_KAPI_MODULE_H
#define CRCTL_KAPI_MODULE_H

/*
 * @path is a file, or NULL for the module that is installed for the running kernel.
 * 0, also when it was there already; else -errno as init_module(2) has it, -ENOENT
 * when no module is installed, and -ENOSYS where the kernel takes no modules.
 */
int module_load(const char *path);
/* 0, -ENOENT when it is not loaded, -EBUSY when it is in use; it does not wait. */
int module_unload(void);

#endif
