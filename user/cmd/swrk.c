// SPDX-License-Identifier: GPL-2.0
/* crctl swrk FD: serve the one client at the other end of an inherited socket. */
#include <fcntl.h>
#include <limits.h>

#include "cmd/rpc.h"
#include "lib/number.h"

int cmd_swrk(const struct options *opts, struct err *err)
{
	uint64_t fd;

	if (opts->args.nr != 1 || number_parse(opts->args.items[0], INT_MAX, &fd)) {
		fail_usage(err, "swrk needs the number of an inherited socket: crctl swrk FD");
		return err->exit_code;
	}
	if (fcntl((int)fd, F_SETFD, FD_CLOEXEC)) {
		fail_usage(err, "descriptor %d is not open; swrk serves an inherited socket",
			   (int)fd);
		return err->exit_code;
	}
	return rpc_serve((int)fd, false, opts, err);
}
