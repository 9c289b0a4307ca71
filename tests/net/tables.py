# SPDX-License-Identifier: GPL-2.0
# Prints the names of the tables of nf_tables in this network namespace, of family inet.
import socket
import struct

NFPROTO_INET, GET_TABLE, DUMP, DONE = 1, 0xa01, 0x301, 3
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
s.send(struct.pack('=IHHIIBBH', 20, GET_TABLE, DUMP, 1, 0, NFPROTO_INET, 0, 0))
done = False
while not done:
    buf = s.recv(65536)
    while buf:
        length, kind = struct.unpack('=IH', buf[:6])
        attrs = buf[20:length]
        done = done or kind == DONE
        while kind != DONE and len(attrs) >= 4:
            attr_len, attr = struct.unpack('=HH', attrs[:4])
            if attr & 0x3fff == 1:
                print(attrs[4:attr_len - 1].decode())
            attrs = attrs[attr_len + 3 & ~3:]
        buf = buf[length + 3 & ~3:]
