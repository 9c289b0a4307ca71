// SPDX-License-Identifier: GPL-2.0
/*
 * Connections that one side or both have ended: the states, what is still to be read,
 * and that each goes through the rest of its ends as usual. CLOSING and LAST_ACK take
 * a peer that does not answer: its packets are dropped where there is a rule for it,
 * so here they come about only in passing and tests/net looks at them.
 */
#include "tcp.h"

static int half[2], half6[2], dead[2], read_shut[2], behind[2];

#define BEHIND (3 << 20)

static void set_up(void)
{
	char buf[5000];
	int size = 0;

	fill(buf, sizeof(buf), 1);
	pair_make(AF_INET, 7001, half);
	send_all(half[0], buf, 5000);
	must(shutdown(half[0], SHUT_WR));
	await_tcp_state(half[1], TCP_CLOSE_WAIT);
	await_tcp_state(half[0], TCP_FIN_WAIT2);

	pair_make(AF_INET6, 7002, half6);
	send_all(half6[1], buf, 5000);
	must(shutdown(half6[1], SHUT_WR));
	await_tcp_state(half6[0], TCP_CLOSE_WAIT);
	await_tcp_state(half6[1], TCP_FIN_WAIT2);

	pair_make(AF_INET, 7003, dead);
	must(shutdown(dead[0], SHUT_WR));
	await_tcp_state(dead[1], TCP_CLOSE_WAIT);
	must(shutdown(dead[1], SHUT_WR));
	await_tcp_state(dead[1], TCP_CLOSE);

	pair_make(AF_INET, 7004, read_shut);
	must(shutdown(read_shut[0], SHUT_RD));

	/* more than the peer takes: it cannot be sent, nor can the end behind it */
	pair_make(AF_INET, 7005, behind);
	size = BEHIND;
	must(setsockopt(behind[0], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)));
	char *much = malloc(BEHIND);
	fill(much, BEHIND, 9);
	send_all(behind[0], much, BEHIND);
	free(much);
	must(shutdown(behind[0], SHUT_WR));
	sleep_ms(20);
	same(tcp_state(behind[0]), TCP_FIN_WAIT1, "state with an end that is not sent");
}

static void check(void)
{
	struct pollfd pfd = { .fd = read_shut[0], .events = POLLRDHUP };
	char c;

	same(tcp_state(half[0]), TCP_FIN_WAIT2, "state of the side that ended");
	same(tcp_state(half[1]), TCP_CLOSE_WAIT, "state of the other side");
	same(send(half[0], "x", 1, MSG_NOSIGNAL), -1, "sending after the end");
	same(errno, EPIPE, "errno of that");
	expect_filled(half[1], 5000, 1, "before the end");
	expect_end(half[1], "the end");
	expect_passes(half[1], half[0], 70000, 2, "the other way");
	must(shutdown(half[1], SHUT_WR));
	expect_end(half[0], "the other end");
	await_tcp_state(half[1], TCP_CLOSE);

	same(tcp_state(half6[0]), TCP_CLOSE_WAIT, "IPv6: state of the other side");
	same(tcp_state(half6[1]), TCP_FIN_WAIT2, "IPv6: state of the side that ended");
	expect_filled(half6[0], 5000, 1, "IPv6: before the end");
	expect_end(half6[0], "IPv6: the end");
	expect_passes(half6[0], half6[1], 70000, 2, "IPv6: the other way");

	same(recv(dead[0], &c, 1, 0), 0, "receiving when all is over");
	same(recv(dead[1], &c, 1, 0), 0, "receiving when all is over");
	same(send(dead[0], &c, 1, MSG_NOSIGNAL), -1, "sending when all is over");

	must(poll(&pfd, 1, 0));
	same(pfd.revents, POLLRDHUP, "poll of a side that wants to read no more");
	expect_passes(read_shut[0], read_shut[1], 1000, 3, "its sending");

	expect_filled(behind[1], BEHIND, 9, "much data before an end");
	expect_end(behind[1], "the end after much data");
	await_tcp_state(behind[0], TCP_FIN_WAIT2);
}

const struct kind kind = {
	.options = "--tcp-established",
	.network = true,
	.set_up = set_up,
	.check = check,
};
