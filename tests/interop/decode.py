#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""decode.py DIR: crit decodes every image below DIR, all in one process.

Run with crit's modules in PYTHONPATH. Prints the number of files of each sort;
what the format leaves to the kernel or to another program (pages, netlink answers, rules of
filters, archives) is no business of crit's; files that are not named .img are crctl's own.
"""
import collections
import os
import re
import sys

import pycriu

RAW = re.compile(r"(pages|ifaddr|route6?|rule|netns-ct|netns-exp|ip6?tables|nftables|tmpfs(-dev)?)-")


def main():
    decoded, failed = collections.Counter(), 0
    for directory, _, names in os.walk(sys.argv[1]):
        for name in names:
            if not name.endswith(".img") and not name.startswith("stats-"):
                continue
            if RAW.match(name):
                continue
            try:
                with open(os.path.join(directory, name), "rb") as file:
                    pycriu.images.load(file, pretty=True)
                decoded[re.sub(r"-?[0-9]+", "", name)] += 1
            except UnicodeDecodeError:  # a file name of other bytes; CRIU's images neither
                decoded["a name that is not UTF-8"] += 1
            except Exception as error:  # pylint: disable=broad-except
                failed += 1
                print(f"FAIL crit cannot decode {name}: {type(error).__name__}: {error}")
    print(f"crit decoded {sum(decoded.values())} images of {len(decoded)} sorts, {failed} failed")
    sys.exit(1 if failed or not decoded else 0)


main()
