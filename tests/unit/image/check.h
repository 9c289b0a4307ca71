/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests of images share: a directory of their own, and what a failure said. */
#ifndef CRCTL_TESTS_IMAGE_CHECK_H
#define CRCTL_TESTS_IMAGE_CHECK_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/image.h"
#include "unit/check.h"

static char check_path[64];

/* The last image failure said exactly this. */
#define CHECK_SENTENCE(text)                                                                       \
	do {                                                                                       \
		if (strcmp(image_error(), text)) {                                                 \
			fprintf(stderr, "%s:%d: expected \"%s\"\n   but got \"%s\"\n", __FILE__,   \
				__LINE__, text, image_error());                                    \
			check_failed = 1;                                                          \
		}                                                                                  \
	} while (0)

static inline int check_dir_open(void)
{
	snprintf(check_path, sizeof(check_path), "/tmp/crctl-unit-XXXXXX");
	if (!mkdtemp(check_path)) {
		perror(check_path);
		exit(1);
	}
	return open(check_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Remove the directory's files and the directory. */
static inline int check_end(int dir_fd)
{
	DIR *stream = fdopendir(dir_fd);
	struct dirent *entry;

	while (stream && (entry = readdir(stream)))
		if (entry->d_name[0] != '.')
			unlinkat(dir_fd, entry->d_name, 0);
	closedir(stream);
	rmdir(check_path);
	return check_failed;
}

static inline void check_put(int dir_fd, const char *name, const void *buf, size_t len)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK(fd >= 0 && write(fd, buf, len) == (ssize_t)len);
	close(fd);
}

#endif
