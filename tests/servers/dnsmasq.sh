#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2034,SC2154 # cycle.sh has them
# dnsmasq: names over UDP and TCP, as its own user.
needs="dnsmasq"
options="--tcp-established --network-lock nftables"
connections=0

prepare() { for i in $(seq 200); do echo "10.0.$((i / 100)).$((i % 100)) host$i.example"; done > hosts; }

serve()
{
	exec dnsmasq -k -C /dev/null -h -H "$w/hosts" -p 5353 -a "$addr" --bind-interfaces -u nobody -R \
		-x "$w/pid" --log-facility=- --txt-record=text.example,"$(printf 'x%.0s' {1..200})"
}

ready() { python3 "$servers/dns.py" "$addr" 5353 1; }
settled() { sleep 0.3; }
work() { python3 "$servers/dns.py" "$addr" 5353 300; }
