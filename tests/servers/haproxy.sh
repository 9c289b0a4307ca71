#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2034,SC2154 # cycle.sh has them
# HAProxy with threads before a server of its own tree.
needs="haproxy"
options="--tcp-established --network-lock nftables"
connections=3

prepare()
{
	head -c 3000000 /dev/zero | tr '\0' 'x' > large
	cat > config <<-END
		global
			nbthread 2
		defaults
			mode http
			timeout connect 60s
			timeout client 600s
			timeout server 600s
			timeout http-keep-alive 600s
		frontend in
			bind $addr:8080
			use_backend own if { path_beg /own/ }
			http-request return status 200 content-type text/plain lf-string "%[path] direct\n" if { path_beg /direct/ }
			default_backend own
		backend own
			http-reuse always
			server own $addr:8081
		frontend back
			bind $addr:8081
			http-request return status 200 content-type text/plain lf-string "%[path] own\n"
	END
}

serve() { exec haproxy -db -f config; }
ready() { python3 "$servers/keeps.py" "$addr" 8080 1 /direct/ /own/; }
work() { python3 "$servers/keeps.py" "$addr" 8080 300 /direct/ /own/ /own/2/; }
