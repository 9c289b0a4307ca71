/* SPDX-License-Identifier: GPL-2.0 */
/* The processor in an image of its own, cpuinfo.img, to be compared before a restore. */
#ifndef CRCTL_ENGINE_CPUINFO_H
#define CRCTL_ENGINE_CPUINFO_H

#include <stdint.h>

#include "lib/err.h"

int cpuinfo_dump(int images_fd, struct err *err);

/*
 * Whether this processor has what the image's had, as far as @caps (enum cpu_cap) asks.
 * 0, or -errno with the sentence: -EOPNOTSUPP where it lacks something.
 */
int cpuinfo_check(int images_fd, uint32_t caps, struct err *err);

#endif
