// SPDX-License-Identifier: GPL-2.0
/*
 * crctl-module: what `crctl module load` and `unload` run. A program of its own,
 * because libkmod is a shared library only and crctl itself is linked static.
 */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "kapi/module.h"
#include "lib/err.h"
#include "lib/log.h"

static const char *kernel_release(struct utsname *name)
{
	return uname(name) ? "this kernel" : name->release;
}

static int load_fail(const char *path, int ret, struct err *err)
{
	struct utsname name;
	const char *what = path ? path : "the module", *kernel = kernel_release(&name);

	switch (ret) {
	case -ENOENT:
		if (path)
			return fail(err, ret, "there is no file %s", path);
		return fail(err, ret, "no module crctl is installed for Linux %s; install "
			    "crctl-dkms, or build it and give its file: crctl module load "
			    "./crctl.ko", kernel);
	case -EPERM:
		return fail(err, ret, "%s may not be loaded by this user, or modules may not be "
			    "loaded any more (kernel.modules_disabled); run crctl as root", what);
	case -ENOEXEC:
		return fail(err, ret, "%s was not built for Linux %s; build it against that "
			    "kernel's headers (the kernel's log says more)", what, kernel);
	case -EKEYREJECTED:
	case -ENOKEY:
		return fail(err, ret, "%s is not signed by a key that this kernel trusts; see "
			    "README, Module", what);
	case -ENOSYS:
		return fail(err, ret, "Linux %s was built without loadable modules; crctl works "
			    "without its module", kernel);
	default:
		return fail_errno(err, ret, "%s cannot be loaded", what);
	}
}

static int unload_fail(int ret, struct err *err)
{
	switch (ret) {
	case -ENOENT:
		return fail(err, ret, "the module is not loaded");
	case -EBUSY:
		return fail(err, ret, "the module is in use (a dump is under way); try again when "
			    "that is done");
	case -EPERM:
		return fail(err, ret, "the module may not be unloaded by this user; run crctl as "
			    "root");
	default:
		return fail_errno(err, ret, "the module cannot be unloaded");
	}
}

static int module_run(int argc, char **argv, struct err *err)
{
	int ret;

	if (argc >= 2 && argc <= 3 && !strcmp(argv[1], "load")) {
		ret = module_load(argv[2]);
		return ret < 0 ? load_fail(argv[2], ret, err) : 0;
	}
	if (argc == 2 && !strcmp(argv[1], "unload")) {
		ret = module_unload();
		return ret < 0 ? unload_fail(ret, err) : 0;
	}
	err_set_exit(err, EXIT_USAGE);
	return fail(err, -EINVAL, "crctl-module is run by crctl module load [FILE] and unload");
}

int main(int argc, char **argv)
{
	struct err err = { 0 };

	if (module_run(argc, argv, &err))
		return err.exit_code;
	return EXIT_DONE;
}
