/* SPDX-License-Identifier: GPL-2.0 */
/* Numbers that people type, read strictly: the whole text or nothing. */
#ifndef CRCTL_LIB_NUMBER_H
#define CRCTL_LIB_NUMBER_H

#include <stdint.h>

/* A decimal number of at most @max. 0, -EINVAL (not a number) or -ERANGE. */
int number_parse(const char *text, uint64_t max, uint64_t *ret_value);

/* As above for bytes, with an optional suffix K, M, G or T (powers of 1024). */
int number_parse_size(const char *text, uint64_t *ret_bytes);

#endif
