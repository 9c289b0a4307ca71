// SPDX-License-Identifier: GPL-2.0
/* The action script, and a client that wants to be asked; see action.h. */
#include "engine/action.h"

#include "lib/script.h"

int action_run(struct err *err, const struct common_options *opts, const char *action, pid_t pid,
	       int fd)
{
	int ret = 0;

	if (opts->action_script)
		ret = script_run(opts->action_script, action, opts->images_path, pid);
	if (ret)
		return fail(err, ret < 0 ? ret : -ECANCELED, "the action script %s failed at %s",
			    opts->action_script, action);
	if (opts->notify)
		ret = opts->notify(opts->notify_arg, action, pid, fd);
	return ret ? fail(err, ret, "the client refused to go on at %s", action) : 0;
}
