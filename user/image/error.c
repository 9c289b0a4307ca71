// SPDX-License-Identifier: GPL-2.0
/* The sentence of the last failure, one for each thread. */
#include <stdarg.h>
#include <stdio.h>

#include "image/internal.h"

static __thread char image_sentence[512];

int image_fail(int ret, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(image_sentence, sizeof(image_sentence), fmt, ap);
	va_end(ap);
	return ret;
}

const char *image_error(void)
{
	return image_sentence;
}
