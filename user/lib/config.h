/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Configuration files: a line is a long option without its dashes, then its
 * value after spaces or '='. A value with spaces stands in double quotes, where
 * \" and \\ are those characters. '#' begins a comment.
 */
#ifndef CRCTL_LIB_CONFIG_H
#define CRCTL_LIB_CONFIG_H

#include "lib/array.h"
#include "lib/err.h"

struct config_line {
	char *text;		/* "--name" or "--name=value" */
	unsigned int line;
};

struct config {
	char *path;
	ARRAY_OF(struct config_line) lines;
};

/*
 * Read @path. Returns 0; -ENOENT when there is no such file, without a sentence
 * in @err, because only the caller knows whether that matters; or -errno with one.
 */
int config_read(const char *path, struct err *err, struct config *ret_config);
void config_free(struct config *config);

#endif
