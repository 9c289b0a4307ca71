// SPDX-License-Identifier: GPL-2.0
/*
 * The way from a descriptor of the caller to the kernel's struct packet_sock, read word
 * by word through BPF (peek.c), with offsets from BTF.
 */
#include "kapi/peek_packet.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "kapi/btf.h"
#include "kapi/peek_prog.h"
#include "lib/cleanup.h"

struct peek_packet {
	int read_fd, current_fd;
	/* task_struct, files_struct, fdtable, file, socket, */
	uint32_t files, fdt, fd, private_data, sk;
	/* packet_sock, packet_ring_buffer, tpacket_kbdq_core */
	uint32_t rx_ring, tx_ring, head, blocks, active_block;
};

static int offsets_read(struct peek_packet *p, const struct btf *btf)
{
	const struct btf_wanted wanted[] = {
		{ "task_struct", "files", &p->files },
		{ "files_struct", "fdt", &p->fdt },
		{ "fdtable", "fd", &p->fd },
		{ "file", "private_data", &p->private_data },
		{ "socket", "sk", &p->sk },
		{ "packet_sock", "rx_ring", &p->rx_ring },
		{ "packet_sock", "tx_ring", &p->tx_ring },
		{ "packet_ring_buffer", "head", &p->head },
		{ "packet_ring_buffer", "prb_bdqc", &p->blocks },
		{ "tpacket_kbdq_core", "kactive_blk_num", &p->active_block },
	};

	return btf_offsets(btf, wanted, sizeof(wanted) / sizeof(wanted[0]));
}

static int packet_prepare(struct peek_packet *p)
{
	struct btf *btf;
	int ret = btf_open(&btf);

	if (ret)
		return ret;
	ret = offsets_read(p, btf);
	btf_close(btf);
	if (ret)
		return ret;
	p->read_fd = peek_prog_read();
	p->current_fd = peek_prog_current();
	return p->read_fd < 0 ? p->read_fd : p->current_fd < 0 ? p->current_fd : 0;
}

int peek_packet_open(struct peek_packet **ret_peek)
{
	struct peek_packet *p = calloc(1, sizeof(*p));
	int ret;

	if (!p)
		return -ENOMEM;
	p->read_fd = p->current_fd = -1;
	ret = packet_prepare(p);
	if (ret) {
		peek_packet_close(p);
		return ret;
	}
	*ret_peek = p;
	return 0;
}

void peek_packet_close(struct peek_packet *p)
{
	if (!p)
		return;
	cleanup_close(&p->read_fd);
	cleanup_close(&p->current_fd);
	free(p);
}

static int word_at(const struct peek_packet *p, uint64_t base, uint32_t offset, uint64_t *ret_word)
{
	return peek_prog_word(p->read_fd, base + offset, -1, ret_word);
}

static int sock_find(const struct peek_packet *p, int fd, uint64_t *ret_sk)
{
	uint64_t at;
	int ret = peek_prog_word(p->current_fd, 0, -1, &at);
	const uint32_t way[] = { p->files, p->fdt, p->fd, (uint32_t)fd * 8, p->private_data,
				 p->sk };

	for (size_t i = 0; !ret && i < sizeof(way) / sizeof(way[0]); i++) {
		ret = word_at(p, at, way[i], &at);
		if (!ret && !at)
			ret = -EOPNOTSUPP;
	}
	if (!ret)
		*ret_sk = at;
	return ret;
}

int peek_packet_heads(const struct peek_packet *p, int fd, bool blocks,
		      struct packet_heads *ret_heads)
{
	uint64_t sk, rx, tx;
	int ret = sock_find(p, fd, &sk);

	if (!ret)
		ret = word_at(p, sk, p->rx_ring + (blocks ? p->blocks + p->active_block : p->head),
			      &rx);
	if (!ret)
		ret = word_at(p, sk, p->tx_ring + p->head, &tx);
	if (ret)
		return ret;
	/* kactive_blk_num is 16 bits; head is 32 */
	ret_heads->rx = blocks ? (uint16_t)rx : (uint32_t)rx;
	ret_heads->tx = (uint32_t)tx;
	return 0;
}
