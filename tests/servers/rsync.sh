#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2034,SC2154 # cycle.sh has them
# rsync's daemon in the middle of sending a folder and of receiving one.
needs="rsync"
options="--tcp-established --network-lock nftables --file-locks"
connections=2

prepare()
{
	mkdir from to
	python3 - <<-'END'
		import random
		r = random.Random(2)
		for i in range(60):
		    with open(f"from/{i}", "wb") as f:
		        f.write(r.randbytes(r.randrange(200000)))
	END
	cat > config <<-END
		use chroot = no
		pid file = $w/pid
		[from]
		path = $w/from
		[to]
		path = $w/to
		read only = no
		uid = root
		gid = root
	END
}

serve() { exec rsync --daemon --no-detach --address="$addr" --port=8730 --config="$w/config"; }
ready() { rsync "rsync://$addr:8730/"; }

work()
{
	cp -r "$w/from" mine
	rsync -a --bwlimit=1200 "rsync://$addr:8730/from/" got/ & down=$!
	rsync -a --bwlimit=1200 mine/ "rsync://$addr:8730/to/" & up=$!
	wait $down; echo "down $?"
	wait $up; echo "up $?"
	cat got/* | sha256sum
}

finish()
{
	kill -TERM "$pid"
	cat to/* | sha256sum
}
