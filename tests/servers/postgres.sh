#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2034,SC2154 # cycle.sh has them
# PostgreSQL as its own user: a transaction with a temporary table, one that waits for a lock.
needs="/usr/lib/postgresql/15/bin/postgres psql setpriv"
options="--tcp-established --network-lock nftables --ext-unix-sk"
connections=3
bin=/usr/lib/postgresql/15/bin
as_user() { setpriv --reuid postgres --regid postgres --clear-groups "$@"; }

prepare()
{
	mkdir data && chown postgres data && cd / || return 1
	as_user $bin/initdb -D "$w/data" -A trust -U postgres --no-sync || return 1
	echo "host all all 0.0.0.0/0 trust" >> "$w/data/pg_hba.conf"
}

serve()
{
	exec setpriv --reuid postgres --regid postgres --clear-groups $bin/postgres -D "$w/data" -h "$addr" \
		-c unix_socket_directories= -c log_checkpoints=off -c shared_buffers=16MB
}

sql() { psql -h "$addr" -U postgres -qAtX -v ON_ERROR_STOP=1 "$@"; }
ready() { sql -c 'select 1'; }

# Lines of SQL at a pace; each psql has one connection.
work()
{
	sql -c 'create table counter (id int primary key, n int)' -c 'insert into counter values (1, 0), (2, 0)'
	{
		echo 'begin; create temporary table own (i int, t text); update counter set n = n + 1000 where id = 1; select 1;'
		for i in $(seq 200); do echo "insert into own values ($i, repeat('x', $i * 50));"; sleep 0.05; done
		echo 'select count(*), sum(i), sum(length(t)) from own; commit;'
	} | sql > transaction &
	transaction=$!
	{ until [ -s transaction ]; do sleep 0.05; done; echo 'update counter set n = n + 7 where id = 1 returning n;'; } | sql > waiter &
	waiter=$!
	{
		echo "set synchronous_commit = off; prepare up (int) as update counter set n = n + \$1 where id = 2;"
		for i in $(seq 200); do echo "execute up($i); select pg_sleep(0.02);"; sleep 0.04; done
		echo 'select n from counter where id = 2;'
	} | sql | tr -d '\n' > writer
	wait $transaction; echo "transaction $? $(cat transaction)"
	wait $waiter; echo "waiter $? $(cat waiter)"
	echo "writer $(cat writer)"
	sql -c 'select * from counter order by id' -c "select count(*), sum(hashtext(i::text)) from generate_series(1, 100000) i"
}

finish() { kill -INT "$pid"; }
