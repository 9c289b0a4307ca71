#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2034,SC2154 # cycle.sh reads them
# Redis with its append-only file on: a blocked reader, a writer with a pipeline, subscribers.
needs="redis-server redis-cli"
options="--tcp-established --network-lock nftables"
connections=6

serve()
{
	exec redis-server --bind "$addr" --port 6379 --protected-mode no --dir "$w" --appendonly yes \
		--appendfsync everysec --save 1 100 --daemonize no --databases 4
}

ready() { redis-cli -h "$addr" ping | grep -q PONG; }
work() { python3 "$servers/redis.py" "$addr"; }

# The file that was appended to makes the same data.
finish()
{
	kill -TERM "$pid"
	await_gone "$pid"
	setsid redis-server --bind 127.0.0.1 --port 6380 --dir "$w" --appendonly yes --save '' \
		--enable-debug-command yes > again.log &
	until redis-cli -p 6380 ping 2> /dev/null | grep -q PONG; do sleep 0.1; done
	redis-cli -p 6380 dbsize
	redis-cli -p 6380 debug digest
	redis-cli -p 6380 shutdown
}
