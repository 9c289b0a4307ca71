#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2034,SC2154 # cycle.sh has them
# MariaDB: a transaction with a temporary table, one that waits for its lock, many short ones.
# Without io_uring, which is refused.
needs="mariadbd mariadb mariadb-install-db"
options="--tcp-established --network-lock nftables --file-locks"
connections=3

prepare()
{
	mkdir data && mariadb-install-db --no-defaults --datadir="$w/data" --user=root --skip-test-db \
		--auth-root-authentication-method=normal --innodb-log-file-size=8M && cat > init.sql <<-END
		create database if not exists d;
		create user if not exists 'u'@'%';
		grant all on *.* to 'u'@'%';
	END
}

serve()
{
	exec mariadbd --no-defaults --datadir="$w/data" --user=root --bind-address="$addr" --port=3307 \
		--socket="$w/socket" --pid-file="$w/pid" --init-file="$w/init.sql" --skip-name-resolve \
		--innodb-buffer-pool-size=32M --innodb-log-file-size=8M --innodb-use-native-aio=0
}

sql() { mariadb --no-defaults --unbuffered -h "$addr" -P 3307 -u u -N -B -n d "$@"; }
ready() { sql -e 'select 1'; }

work()
{
	sql -e 'create table counter (id int primary key, n int) engine=innodb; insert into counter values (1, 0), (2, 0)'
	{
		echo 'begin; create temporary table own (i int, t text); update counter set n = n + 1000 where id = 1; select 1;'
		for i in $(seq 200); do echo "insert into own values ($i, repeat('x', $i * 50));"; sleep 0.05; done
		echo 'select count(*), sum(i), sum(length(t)) from own; commit;'
	} | sql > transaction &
	transaction=$!
	{ until [ -s transaction ]; do sleep 0.05; done; echo 'update counter set n = n + 7 where id = 1; select n from counter where id = 1;'; } | sql > waiter &
	waiter=$!
	{
		for i in $(seq 200); do echo "update counter set n = n + $i where id = 2; do sleep(0.02);"; sleep 0.04; done
		echo 'select n from counter where id = 2;'
	} | sql > writer
	wait $transaction; echo "transaction $? $(cat transaction)"
	wait $waiter; echo "waiter $? $(cat waiter)"
	echo "writer $(cat writer)"
	sql -e 'select * from counter order by id; check table counter'
}
