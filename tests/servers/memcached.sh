#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2034,SC2154 # cycle.sh reads them
# memcached with four threads, over TCP and UDP, as its own user.
needs="memcached"
options="--tcp-established --network-lock nftables"
connections=8

serve() { exec memcached -u nobody -l "$addr" -p 11211 -U 11211 -t 4 -m 64; }
ready() { python3 "$servers/memcached.py" "$addr" ready; }
work() { python3 "$servers/memcached.py" "$addr"; }
