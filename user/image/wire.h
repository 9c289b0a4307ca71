/* SPDX-License-Identifier: GPL-2.0 */
/* A look at packed messages before they are unpacked. */
#ifndef CRCTL_IMAGE_WIRE_H
#define CRCTL_IMAGE_WIRE_H

#include <stddef.h>

#include <protobuf-c/protobuf-c.h>

/*
 * Returns 0 when the message nests at most @depth levels, -E2BIG when deeper,
 * -EINVAL when it cannot be a message.
 */
int wire_check_depth(const ProtobufCMessageDescriptor *desc, const void *buf, size_t len,
		     unsigned int depth);

#endif
