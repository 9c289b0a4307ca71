/* SPDX-License-Identifier: GPL-2.0 */
/* The small BPF programs of peek.c, for all that reads kernel memory. */
#ifndef CRCTL_KAPI_PEEK_PROG_H
#define CRCTL_KAPI_PEEK_PROG_H

#include <stdint.h>

/* Descriptors, or -errno: of one that reads the word at its argument, and of one that */
int peek_prog_read(void);
/* gives the address of the caller's task_struct. */
int peek_prog_current(void);
/* The word that a program gives; @cpu -1: here. */
int peek_prog_word(int fd, uint64_t arg, int cpu, uint64_t *ret_word);

#endif
