/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of image/ share among themselves. */
#ifndef CRCTL_IMAGE_INTERNAL_H
#define CRCTL_IMAGE_INTERNAL_H

#include "image/image.h"

#define IMAGE_MAGIC_COMMON  0x54564319u
#define IMAGE_MAGIC_SERVICE 0x55105940u
#define IMAGE_NAME_LEN	    64

/* Record the sentence that image_error() gives; returns @ret. */
int image_fail(int ret, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The failure that @r ends where a @desc must be; returns -EINVAL. */
int image_read_missing(const struct image_reader *r, const ProtobufCMessageDescriptor *desc);

/* The first magic of @type, or 0 where the kind's own comes first. */
static inline uint32_t image_first_magic(enum image_type type)
{
	if (type == IMG_INVENTORY)
		return 0;
	return image_kinds[type].service ? IMAGE_MAGIC_SERVICE : IMAGE_MAGIC_COMMON;
}

#endif
