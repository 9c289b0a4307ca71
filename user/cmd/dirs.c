// SPDX-License-Identifier: GPL-2.0
/* The directories and the log file that the options name. */
#include <fcntl.h>
#include <sys/stat.h>

#include "cmd/cmd.h"
#include "lib/cleanup.h"
#include "lib/log.h"

static int dir_open(const char *path, bool writes, const char *what, struct err *err, int *ret_fd)
{
	auto_close int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int ret = -errno;

	if (fd < 0) {
		if (ret == -ENOENT)
			return fail(err, ret, "the %s directory %s does not exist; make it first",
				    what, path);
		if (ret == -ENOTDIR)
			return fail(err, ret, "%s is not a directory; the %s directory must be one",
				    path, what);
		return fail_errno(err, ret, "cannot open the %s directory %s", what, path);
	}
	if (writes && faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) < 0) {
		ret = -errno;
		return fail_errno(err, ret, "cannot write into the %s directory %s", what, path);
	}
	*ret_fd = steal_fd(&fd);
	return 0;
}

int options_open_dirs(struct options *opts, uint32_t bit, struct err *err)
{
	const char *images = opts->images_dir ? opts->images_dir : ".";
	const char *work = opts->work_dir ? opts->work_dir : images;
	bool writes = opts->log_file || opts->common.pidfile;
	int ret;

	ret = dir_open(images, bit & ON_DUMP, "images", err, &opts->common.images_fd);
	if (ret < 0)
		return ret;
	opts->common.images_path = images;
	return dir_open(work, writes, opts->work_dir ? "work" : "images", err,
			&opts->common.work_fd);
}

int options_open_log(struct options *opts, struct err *err)
{
	auto_close int fd = -1;
	struct stat st;
	int ret = 0;

	if (!opts->log_file)
		return 0;
	/* A link in a directory of others must not lead the log out of it. */
	fd = openat(opts->common.work_fd, opts->log_file,
		    O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOCTTY |
		    (opts->log_file[0] == '/' ? 0 : O_NOFOLLOW), 0600);
	if (fd < 0 || fstat(fd, &st) < 0 || (S_ISREG(st.st_mode) && fchmod(fd, 0600) < 0))
		ret = -errno;
	if (ret == -ELOOP)
		return fail(err, ret, "the log file %s is a symbolic link; name the file it "
			    "points at", opts->log_file);
	if (!ret)
		ret = log_set_fd(steal_fd(&fd));
	if (ret < 0)
		return fail_errno(err, ret, "cannot write the log file %s", opts->log_file);
	return 0;
}
