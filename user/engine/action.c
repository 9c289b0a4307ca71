// SPDX-License-Identifier: GPL-2.0
/* The action script, and a client that wants to be asked; see action.h. */
#include "engine/action.h"

#include <string.h>

#include "lib/script.h"

/* Steps that ask the client or hand it something: no business of a script. */
static bool action_is_for_clients(const char *action)
{
	return !strcmp(action, "orphan-pts-master") || !strcmp(action, "query-ext-files") ||
	       !strcmp(action, "status-ready");
}

int action_run(struct err *err, const struct common_options *opts, const char *action, pid_t pid,
	       int fd)
{
	int ret = 0;

	if (opts->action_script && !action_is_for_clients(action))
		ret = script_run(opts->action_script, action, opts->images_path, pid);
	if (ret)
		return fail(err, ret < 0 ? ret : -ECANCELED, "the action script %s failed at %s",
			    opts->action_script, action);
	if (opts->notify)
		ret = opts->notify(opts->notify_arg, action, pid, fd);
	return ret ? fail(err, ret, "the client refused to go on at %s", action) : 0;
}
