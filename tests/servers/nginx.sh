#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2034,SC2154 # cycle.sh reads them
# nginx with two workers: connections kept alive, downloads that take long, a proxied request.
needs="nginx"
options="--tcp-established --network-lock nftables"
connections=4

prepare()
{
	mkdir -p www tmp
	python3 -c 'import random; r = random.Random(1); open("www/large", "wb").write(r.randbytes(10 << 20))'
	for i in $(seq 50); do echo "page $i" > "www/$i"; done
	cat > nginx.conf <<-END
		daemon off; worker_processes 2; user www-data; pid $w/pid; error_log $w/error.log;
		events { worker_connections 512; }
		http {
			access_log $w/access.log; default_type text/plain; sendfile on;
			client_body_temp_path $w/tmp/a; proxy_temp_path $w/tmp/b; fastcgi_temp_path $w/tmp/c;
			uwsgi_temp_path $w/tmp/d; scgi_temp_path $w/tmp/e;
			keepalive_timeout 600; keepalive_requests 100000;
			upstream self { server $addr:8080; keepalive 8; }
			server { listen $addr:8080; root $w/www;
				location /slow/ { alias $w/www/; limit_rate 2m; }
				location /proxy/ {
					proxy_pass http://self/; proxy_http_version 1.1;
					proxy_set_header Connection "";
				}
			}
		}
	END
	chmod -R a+rX . && chown -R www-data tmp
}

serve() { exec nginx -c "$w/nginx.conf" -e "$w/error.log"; }
ready() { python3 "$servers/nginx.py" "$addr" ready; }
work() { python3 "$servers/nginx.py" "$addr"; }

finish()
{
	kill -QUIT "$pid"
	await_gone "$pid"
	sed 's/\[[^]]*\]//' access.log | sort | sha256sum
	grep -v 'signal\|exit\|gracefully' error.log
}
