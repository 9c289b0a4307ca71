/* SPDX-License-Identifier: GPL-2.0 */
/* Requests over netlink that change something: put together, sent, acknowledged. */
#ifndef CRCTL_KAPI_NLMSG_H
#define CRCTL_KAPI_NLMSG_H

#include <stddef.h>
#include <stdint.h>

/* One request in the making; ret is the first failure to find room. Freed by the caller. */
struct nlmsg {
	char *buf;
	size_t len, cap;
	int ret;
};

int nlmsg_open(int protocol);

/* Begin anew: @head follows the header, as struct ifinfomsg. */
void nlmsg_begin(struct nlmsg *m, uint16_t type, uint16_t flags, const void *head,
		 size_t head_len);
void nlmsg_put(struct nlmsg *m, uint16_t type, const void *data, size_t len);
void nlmsg_put_u32(struct nlmsg *m, uint16_t type, uint32_t value);
void nlmsg_put_text(struct nlmsg *m, uint16_t type, const char *text);
/* Attributes inside of one: nest() gives what nest_end() needs. */
size_t nlmsg_nest(struct nlmsg *m, uint16_t type);
void nlmsg_nest_end(struct nlmsg *m, size_t at);

/* Send it and wait for the kernel's word: 0 or -errno. */
int nlmsg_talk(int fd, struct nlmsg *m);

#endif
