#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2034,SC2154 # cycle.sh reads them
# OpenSSH's sshd with a live session on a terminal, one without, and a forwarded port.
needs="sshd ssh ssh-keygen"
options="--tcp-established --network-lock nftables"

prepare()
{
	ssh-keygen -q -t ed25519 -N '' -f host && ssh-keygen -q -t ed25519 -N '' -f user || return 1
	cp user.pub authorized
	cat > config <<-END
		Port 2222
		ListenAddress $addr
		HostKey $w/host
		AuthorizedKeysFile $w/authorized
		PidFile none
		StrictModes no
		UsePAM no
		PermitRootLogin yes
		PrintMotd no
		PrintLastLog no
		# what root has in a .bashrc is none of the test
		SetEnv HOME=$w
		Subsystem sftp internal-sftp
	END
	mkdir -p /run/sshd
}

serve() { exec /usr/sbin/sshd -D -e -f "$w/config"; }
ssh_options=(-F none -p 2222 -i "$w/user" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null
	-o LogLevel=ERROR)
ready() { ssh "${ssh_options[@]}" "root@$addr" true; }

# Three sessions, and the first lines of what they are for.
settled() { [ -s ../client/plain ] && [ -s ../client/terminal ] && [ -s ../client/sums ]; }
# shellcheck disable=SC2016 # for the other side's shell
lines='for i in $(seq 100); do read line && echo "$i $line" && sleep 0.05; done'

work()
{
	mkfifo slow
	(for i in $(seq 100); do echo "line $i"; sleep 0.03; done > slow) &
	ssh "${ssh_options[@]}" "root@$addr" "$lines" < slow > plain &
	plain=$!
	# shellcheck disable=SC2016
	ssh "${ssh_options[@]}" -tt "root@$addr" \
		'stty -echo; for i in $(seq 30); do echo $i; tty; stty size; sleep 0.1; seq 100; done' \
		< /dev/null > terminal &
	terminal=$!
	head -c 20000000 /dev/zero | ssh "${ssh_options[@]}" "root@$addr" \
		'echo begin; head -c 10000000 | sha256sum; sleep 1; cat | sha256sum' > sums &
	sums=$!
	wait $plain; echo "plain $?"; cat plain
	wait $terminal; echo "terminal $?"; cat terminal
	wait $sums; echo "sums $?"; cat sums
}
