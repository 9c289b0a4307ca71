// SPDX-License-Identifier: GPL-2.0
/* See nlmsg.h. */
#include "kapi/nlmsg.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/array.h"

int nlmsg_open(int protocol)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol), one = 1;

	if (fd < 0)
		return -errno;
	/* without the request in the answer, which may be longer than the buffer for it */
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	return fd;
}

static void *msg_room(struct nlmsg *m, size_t len)
{
	size_t whole = NLMSG_ALIGN(len);
	void *at;

	if (!m->ret)
		m->ret = array_grow(&m->buf, &m->cap, m->len + whole, 1);
	if (m->ret)
		return NULL;
	at = m->buf + m->len;
	memset(at, 0, whole);
	m->len += whole;
	return at;
}

void nlmsg_begin(struct nlmsg *m, uint16_t type, uint16_t flags, const void *head,
		 size_t head_len)
{
	struct nlmsghdr *h;

	m->len = 0;
	m->ret = 0;
	h = msg_room(m, NLMSG_HDRLEN + head_len);
	if (!h)
		return;
	h->nlmsg_type = type;
	h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
	memcpy(NLMSG_DATA(h), head, head_len);
}

void nlmsg_put(struct nlmsg *m, uint16_t type, const void *data, size_t len)
{
	struct nlattr *a = len < UINT16_MAX - NLA_HDRLEN ? msg_room(m, NLA_HDRLEN + len) : NULL;

	if (!a) {
		m->ret = m->ret ? m->ret : -EMSGSIZE;
		return;
	}
	a->nla_type = type;
	a->nla_len = (uint16_t)(NLA_HDRLEN + len);
	memcpy((char *)a + NLA_HDRLEN, data, len);
}

void nlmsg_put_u32(struct nlmsg *m, uint16_t type, uint32_t value)
{
	nlmsg_put(m, type, &value, sizeof(value));
}

void nlmsg_put_text(struct nlmsg *m, uint16_t type, const char *text)
{
	nlmsg_put(m, type, text, strlen(text) + 1);
}

size_t nlmsg_nest(struct nlmsg *m, uint16_t type)
{
	size_t at = m->len;
	struct nlattr *a = msg_room(m, NLA_HDRLEN);

	if (a)
		a->nla_type = type;
	return at;
}

void nlmsg_nest_end(struct nlmsg *m, size_t at)
{
	if (!m->ret)
		((struct nlattr *)(m->buf + at))->nla_len = (uint16_t)(m->len - at);
}

int nlmsg_talk(int fd, struct nlmsg *m)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	char answer[4096];

	if (m->ret)
		return m->ret;
	((struct nlmsghdr *)m->buf)->nlmsg_len = (uint32_t)m->len;
	if (sendto(fd, m->buf, m->len, 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return -errno;
	for (;;) {
		ssize_t len = recv(fd, answer, sizeof(answer), 0);
		const struct nlmsghdr *h = (const void *)answer;

		if (len < 0)
			return -errno;
		if (!NLMSG_OK(h, (size_t)len))
			return -EPROTO;
		if (h->nlmsg_type == NLMSG_ERROR)
			return ((const struct nlmsgerr *)NLMSG_DATA(h))->error;
	}
}
