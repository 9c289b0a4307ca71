// SPDX-License-Identifier: GPL-2.0
/*
 * Packets of the protocol. What comes in is hostile: its size is looked at before it
 * is read, and whatever is no request gets an answer that says so.
 */
#include "cmd/rpc.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "kapi/sys.h"
#include "lib/cleanup.h"
#include "lib/log.h"

#define PACKET_MAX (1 << 20)

static ssize_t packet_receive(int fd, void *buf, size_t len, int flags)
{
	ssize_t n;

	do {
		n = recv(fd, buf, len, flags);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

int rpc_receive(const struct rpc *rpc, struct err *err, CriuReq **ret_req)
{
	auto_free uint8_t *buf = NULL;
	ssize_t len = packet_receive(rpc->fd, NULL, 0, MSG_PEEK | MSG_TRUNC);
	CriuReq *req = NULL;

	if (len < 0)
		return fail_errno(err, (int)len, "the client's request cannot be read");
	if (len <= PACKET_MAX)
		buf = malloc((size_t)len + 1);
	if (buf)
		len = packet_receive(rpc->fd, buf, (size_t)len, 0);
	else
		(void)packet_receive(rpc->fd, NULL, 0, MSG_TRUNC);
	if (!len)
		return 0;
	if (!buf && len <= PACKET_MAX)
		return fail(err, -ENOMEM, "no memory to read the client's request");
	if (!buf)
		return fail(err, -EBADMSG,
			    "a request of %zd bytes is too long; at most %d are read", len,
			    PACKET_MAX);
	if (len > 0)
		req = criu_req__unpack(NULL, (size_t)len, buf);
	if (!req)
		return fail(err, -EBADMSG, "a packet of %zd bytes is no request of the protocol",
			    len);
	*ret_req = req;
	return 1;
}

int rpc_send(const struct rpc *rpc, const CriuResp *resp, int fd)
{
	size_t len = criu_resp__get_packed_size(resp);
	auto_free uint8_t *buf = malloc(len + 1);

	if (!buf)
		return -ENOMEM;
	criu_resp__pack(resp, buf);
	return sys_send_fd(rpc->fd, buf, len, fd);
}

/* Its answer to a notification. */
static int notify_answer(const struct rpc *rpc, struct err *err)
{
	CriuReq *req;
	int ret = rpc_receive(rpc, err, &req);

	if (ret <= 0)
		return ret ? ret : -EPIPE;
	if (req->type != CRIU_REQ_TYPE__NOTIFY)
		ret = -EPROTO;
	else
		ret = req->has_notify_success && req->notify_success ? 0 : -ECANCELED;
	criu_req__free_unpacked(req, NULL);
	return ret;
}

int rpc_notify(void *arg, const char *action, pid_t init_pid, int fd)
{
	const struct rpc *rpc = arg;
	CriuNotify notify = CRIU_NOTIFY__INIT;
	CriuResp resp = CRIU_RESP__INIT;
	struct err err = { 0 };
	int ret;

	notify.script = (char *)action;
	notify.has_pid = init_pid > 0;
	notify.pid = init_pid;
	resp.type = CRIU_REQ_TYPE__NOTIFY;
	resp.success = true;
	resp.notify = &notify;
	log_debug("telling the client of %s", action);
	ret = rpc_send(rpc, &resp, fd);
	return ret ? ret : notify_answer(rpc, &err);
}
