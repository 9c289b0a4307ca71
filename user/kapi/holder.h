/* SPDX-License-Identifier: GPL-2.0 */
/* Which process holds an object, for sentences about what is outside of a tree. */
#ifndef CRCTL_KAPI_HOLDER_H
#define CRCTL_KAPI_HOLDER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A process with a descriptor of the socket with this inode, and its name; 0: none is seen. */
pid_t holder_of_socket(uint32_t ino, char *comm, size_t comm_size);

/* The process of a pidfd of crctl's own; 0: it is gone. */
pid_t holder_pidfd_pid(int pidfd);

#endif
