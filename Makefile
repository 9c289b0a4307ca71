# crctl: checkpoint and restore of Linux process trees.
# Targets: all user module demo check check-vm check-kmod-style check-runtimes bench lint deb
# install clean. README.md has the words.
# Variables: CC CFLAGS PREFIX DESTDIR; V=1 shows commands, W=1 makes warnings errors,
# SAN=1 builds with sanitizers into build/san, KDIR is the kernel to build the module for.

CC      ?= gcc
CFLAGS  ?= -O2 -g
PREFIX  ?= /usr/local
DESTDIR ?=
V       ?= 0
B       := build$(if $(filter 1,$(SAN)),/san)

Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' '$(1)' '$(2)')

warnings := -Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes -Wshadow -Wno-unused-parameter
warnings += $(if $(filter 1,$(W)),-Werror)
san      := $(if $(filter 1,$(SAN)),-fsanitize=address -fsanitize=undefined)
flags    := -std=gnu11 -D_GNU_SOURCE -Iuser -Iuapi -I$(B)/gen $(warnings) $(san) -MMD -MP
libs     := -lprotobuf-c -ljansson -larchive -lacl -lz -lpthread

protos   := $(wildcard user/image/*.proto)
gen_h    := $(protos:user/%.proto=$(B)/gen/%.pb-c.h)
gen_o    := $(protos:user/%.proto=$(B)/gen/%.pb-c.o)
rooms    := lib image kapi engine task mm files net ns
# libkmod is a shared library only: crctl-module is a program of its own (user/module.c)
room_src := $(filter-out user/kapi/module.c,$(wildcard $(rooms:%=user/%/*.c)))
room_o   := $(room_src:user/%.c=$(B)/user/%.o)
cmd_o    := $(patsubst user/%.c,$(B)/user/%.o,$(wildcard user/main.c user/cmd/*.c))
stubs    := $(wildcard user/stub/*.lds)
stub_o   := $(stubs:user/stub/%.lds=$(B)/user/stub/%_blob.o)

.PHONY: all user demo check bench lint install clean tools check-now
all: user
user: $(B)/crctl $(B)/crctl-module

# Static and at a place of its own: a dump is mostly start-up and faults, a restore forks
# the engine once a task and must not be where the tasks' own programs are.
link := $(if $(san),,-static -no-pie -Wl,--gc-sections -Wl,-Ttext-segment=0x60000000)

$(B)/crctl: $(cmd_o) $(B)/libcrctl.a
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(san) $(link) $(LDFLAGS) -o $@ $^ $(libs)

$(B)/crctl-module: $(B)/user/module.o $(B)/user/kapi/module.o $(B)/libcrctl.a
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(san) $(LDFLAGS) -o $@ $^ -lkmod

$(B)/libcrctl.a: $(room_o) $(gen_o) $(stub_o)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(B)/user/%.o: user/%.c | $(gen_h)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(flags) $(CFLAGS) -c -o $@ $<

$(B)/gen/%.pb-c.o: $(B)/gen/%.pb-c.c | $(gen_h)
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS) -w -I$(B)/gen -c -o $@ $<

$(B)/gen/image/%.pb-c.h $(B)/gen/image/%.pb-c.c &: user/image/%.proto | tools
	$(call say,PROTOC,$<)
	$(Q)mkdir -p $(@D) && protoc-c -Iuser --c_out=$(B)/gen image/$*.proto

.PRECIOUS: $(gen_h) $(gen_o:.o=.c) $(B)/user/stub/%.elf $(B)/user/stub/%.bin

# Code that runs inside a task: freestanding, position independent, one flat blob.
stub_flags := -std=gnu11 -Iuser -Iuapi -O2 -fPIC -ffreestanding -nostdlib -fno-stack-protector \
	-fno-builtin -fno-tree-loop-distribute-patterns -fno-jump-tables -mgeneral-regs-only -mno-red-zone \
	-fcf-protection=none -fno-asynchronous-unwind-tables -fvisibility=hidden $(warnings)

$(B)/user/stub/%.elf: user/stub/%.c user/stub/%.lds $(wildcard user/stub/*.h)
	$(call say,STUB,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(stub_flags) -static-pie -Wl,--no-dynamic-linker \
		-Wl,--build-id=none -Wl,-z,norelro -Wl,-T,user/stub/$*.lds -o $@ $<

$(B)/user/stub/%.bin: $(B)/user/stub/%.elf
	$(Q)objcopy -O binary $< $@

$(B)/user/stub/%_blob.o: $(B)/user/stub/%.bin
	$(Q)printf '.section .rodata\n.balign 4096\n.globl stub_$*, stub_$*_end\nstub_$*:\n.incbin "$<"\nstub_$*_end:\n.section .note.GNU-stack,"",@progbits\n' | $(CC) -x assembler -c -o $@ -

comma := ,
# Random kills of dumps (KINDS_FLAGS="-m killed") are a loop to leave running, not part of a check.
# Test programs, each of one resource, and the harness that runs them all.
kinds      := $(patsubst %.c,$(B)/%,$(filter-out %/run.c %/kind.c,$(wildcard tests/kinds/*.c)))
test_flags := -std=gnu11 -D_GNU_SOURCE $(warnings) -MMD -MP

.PHONY: kinds check-kinds
kinds: $(kinds) $(B)/tests/kinds/run
check-kinds: kinds $(B)/crctl
	$(Q)$(B)/tests/kinds/run $(or $(KINDS_FLAGS),-m undisturbed$(comma)leave-running$(comma)restored$(comma)twice$(comma)refused) $(kinds)

$(kinds): %: %.o $(B)/tests/kinds/kind.o
$(kinds) $(B)/tests/kinds/run:
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lpthread
$(B)/tests/kinds/run: $(B)/tests/kinds/run.o
$(B)/tests/kinds/%.o: tests/kinds/%.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(test_flags) $(CFLAGS) -c -o $@ $<

# What the guests compare dumps with, and watch crctl with (tests/vm).
vm_tools := $(B)/tests/vm/compare $(B)/tests/vm/quiet $(B)/tests/vm/load
.PHONY: vm-tools
vm-tools: $(vm_tools)
$(B)/tests/vm/compare: tests/vm/parity/compare.c tests/vm/parity/memory.c
$(B)/tests/vm/quiet: tests/vm/quiet.c
$(B)/tests/vm/load: tests/bench/load.c
$(B)/tests/vm/compare: $(B)/libcrctl.a
$(vm_tools):
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(flags) $(CFLAGS) -o $@ $(filter %.c,$^) $(filter %.a,$^) $(libs)

tools:
	@command -v protoc-c >/dev/null || { echo "protoc-c is missing: bash tests/setup.sh build"; exit 1; }

# Tests. check-now expects that the packages are there.
units   := $(patsubst %.c,$(B)/%,$(shell find tests/unit -name '*.c' 2>/dev/null | sort))
fuzz    := $(patsubst %.c,$(B)/%,$(wildcard tests/fuzz/*.c))
scripts := $(filter-out tests/bench/%,$(wildcard tests/cli/*.sh tests/*/run.sh))
jobs     = $(if $(findstring j,$(MAKEFLAGS)),,-j$(shell nproc))

$(units) $(fuzz): $(B)/%: %.c $(B)/libcrctl.a
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(flags) -Itests $(CFLAGS) -o $@ $< $(B)/libcrctl.a $(libs)

$(B)/tests/demo/demo: tests/demo/demo.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(test_flags) $(CFLAGS) -o $@ $< -lpthread

demo:
	@bash tests/setup.sh demo
	@echo "Building crctl."
	@$(MAKE) --no-print-directory $(jobs) user $(B)/tests/demo/demo >/dev/null
	@bash tests/demo/demo.sh $(B)

check:
	@bash tests/setup.sh check
	@$(MAKE) --no-print-directory $(jobs) check-now
check-now: user kinds uapi-tests vm-tools $(B)/tests/runtimes/worker $(units) $(fuzz)
	@B=$(B) bash tests/run.sh $(units) $(scripts:%='bash %') '$(MAKE) -s check-kinds'

.PHONY: demo-quake
demo-quake:
	@bash tests/setup.sh quake
	@$(MAKE) --no-print-directory $(jobs) user >/dev/null
	@bash tests/demo/quake.sh $(B)

bench:
	@bash tests/setup.sh bench
	@$(MAKE) --no-print-directory $(jobs) user
	@B=$(B) bash tests/bench/run.sh

lint:
	@bash tests/setup.sh lint
	@bash tests/lint.sh

# The kernel helper; Kbuild says what of. KDIR: the headers of a kernel.
KDIR ?= /lib/modules/$(shell uname -r)/build

.PHONY: module
module:
	$(Q)$(MAKE) -C $(KDIR) M=$(CURDIR) modules

# Tests of the device; they need the module, and skip without it.
uapi := $(patsubst %.c,$(B)/%,$(wildcard tests/uapi/*.c))

.PHONY: uapi-tests
uapi-tests: $(uapi)
$(uapi): $(B)/%: %.c $(wildcard tests/uapi/*.h) uapi/crctl.h
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(test_flags) -Iuapi $(CFLAGS) -static -o $@ $< -lpthread

# Packages of Debian, in build/deb.
.PHONY: deb
deb:
	@bash tests/setup.sh deb
	@B=$(B) bash packaging/deb.sh

# All kernels, all tests: hours. VM_KERNELS="6.1 7.3": some.
VM_KERNELS ?= all

.PHONY: check-vm
check-vm:
	@bash tests/setup.sh vm
	@$(MAKE) --no-print-directory $(jobs) user kinds uapi-tests vm-tools deb
	@B=$(B) bash tests/vm/style.sh
	@B=$(B) bash tests/vm/run.sh $(VM_KERNELS)
	@B=$(B) bash tests/vm/dkms.sh

# The module's sources: gcc, sparse and checkpatch.pl, for each kernel.
.PHONY: check-kmod-style
check-kmod-style:
	@bash tests/setup.sh vm
	@B=$(B) bash tests/vm/style.sh

# Container runtimes with crctl in the place of criu. CYCLES=n: each so often.
.PHONY: check-runtimes
check-runtimes:
	@bash tests/setup.sh runtimes
	@$(MAKE) --no-print-directory $(jobs) user $(B)/tests/runtimes/worker
	@B=$(B) CYCLES=$${CYCLES:-20} RUNTIMES=$${RUNTIMES:-all} bash tests/runtimes/run.sh

# What runs in their containers.
$(B)/tests/runtimes/worker: tests/runtimes/worker.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(test_flags) $(CFLAGS) -static -o $@ $<

# Servers that work for a client elsewhere. ONLY=redis,nginx: some; BESIDE_CRIU=5: CRIU too.
.PHONY: check-servers
check-servers:
	@bash tests/setup.sh servers
	@$(MAKE) --no-print-directory $(jobs) user
	@B=$(B) ALL=1 bash tests/servers/run.sh

install: user
	install -Dm755 $(B)/crctl $(DESTDIR)$(PREFIX)/sbin/crctl
	install -Dm755 $(B)/crctl-module $(DESTDIR)$(PREFIX)/lib/crctl/crctl-module
	install -Dm644 man/crctl.8 $(DESTDIR)$(PREFIX)/share/man/man8/crctl.8

clean:
	rm -rf $(B) crctl.ko crctl.mod* crctl.o modules.order Module.symvers .crctl.* .module-common.*
	find kmod \( -name '*.o' -o -name '.*.cmd' \) -delete

-include $(shell find $(B) -name '*.d' 2>/dev/null)
