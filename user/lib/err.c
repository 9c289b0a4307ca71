// SPDX-License-Identifier: GPL-2.0
/* The first error sentence of a run; see err.h. */
#include "lib/err.h"

#include <stdio.h>
#include <string.h>

#include "lib/log.h"

static int err_keep(struct err *e, int ret, const char *text)
{
	log_error("%s", text);
	if (e && !e->ret) {
		e->ret = ret;
		if (!e->exit_code)
			e->exit_code = EXIT_FAILED;
		snprintf(e->text, sizeof(e->text), "%s", text);
	}
	return ret;
}

int fail(struct err *e, int ret, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_keep(e, ret, text);
}

int fail_errno(struct err *e, int ret, const char *fmt, ...)
{
	char text[1024];
	size_t len;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	len = strlen(text);
	snprintf(text + len, sizeof(text) - len, ": %s", strerror(-ret));
	return err_keep(e, ret, text);
}

void err_set_exit(struct err *e, int exit_code)
{
	if (!e->ret || e->exit_code == EXIT_FAILED || !e->exit_code)
		e->exit_code = exit_code;
}
