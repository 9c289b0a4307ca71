/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The protocol of container runtimes: one criu_req or criu_resp a packet of a Unix
 * socket. rpc.c carries packets, rpc_request.c does what they ask, rpc_options.c
 * reads options.
 */
#ifndef CRCTL_CMD_RPC_H
#define CRCTL_CMD_RPC_H

#include "cmd/cmd.h"
#include "image/rpc.pb-c.h"

/* A connection. */
struct rpc {
	int fd;
	pid_t peer;			/* whom it leads to */
	bool service;			/* it came to crctl service, not to swrk */
	const struct options *line;	/* crctl's own command line */
};

/*
 * The next request, to be freed with criu_req__free_unpacked(). 1, 0 at the end of the
 * connection, or -errno with a sentence: -EBADMSG was no request, others end the talk.
 */
int rpc_receive(const struct rpc *rpc, struct err *err, CriuReq **ret_req);
/* @fd goes with it; -1: none. */
int rpc_send(const struct rpc *rpc, const CriuResp *resp, int fd);
/* What common_options.notify is; @arg is the struct rpc. */
int rpc_notify(void *arg, const char *action, pid_t init_pid, int fd);

/* Answer requests until the client is done. Returns the exit code. */
int rpc_serve(int fd, bool service, const struct options *line, struct err *err);

/*
 * Read the options of a request for the command @bit, open its directories and its
 * log. @opts refers to @req until options_free().
 */
int rpc_options(const struct rpc *rpc, const CriuOpts *req, uint32_t bit, struct err *err,
		struct options *opts);

#endif
