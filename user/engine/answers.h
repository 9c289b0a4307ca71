/* SPDX-License-Identifier: GPL-2.0 */
/* Who answers what a dump asks of the kernel: the module, or user space. */
#ifndef CRCTL_ENGINE_ANSWERS_H
#define CRCTL_ENGINE_ANSWERS_H

#include <stdbool.h>
#include <stdint.h>

struct question {
	const char *name;	/* what is asked about */
	uint64_t feature;	/* of the module */
	const char *user;	/* who answers without it; NULL: nobody */
};

/* NULL name at the end. */
extern const struct question questions[];

struct answers {
	bool loaded;		/* the module is in the kernel */
	int ret;		/* 0, or why it is not asked: -ENOENT, -EPERM, ... */
	uint64_t features;	/* what it answers; 0 when it is not asked */
	char version[32];
};

/* @no_module: look as if it were not there. Returns answers.ret. */
int answers_look(bool no_module, struct answers *ret);
bool answers_has(const struct answers *a, const struct question *q);
/* Why the module is not asked, as a sentence. */
const char *answers_why(const struct answers *a);

#endif
