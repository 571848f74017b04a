# SPDX-License-Identifier: BSD-2-Clause
#
# lifeline. `make` builds, `make demo` installs what is missing and shows a first verdict, `make check` tests.
#   V=1 shows commands; SAN=1 builds with address and undefined-behaviour sanitizers; CC=clang is supported.

VERSION  := 0.1.0
ARCH     ?= $(shell uname -m | sed -e 's/i.86/x86/' -e 's/arm64/aarch64/')
BPF_ARCH := $(patsubst x86_64,x86,$(patsubst aarch64,arm64,$(ARCH)))
MODE     := $(if $(SAN),san,release)
B        := build/$(ARCH)-$(MODE)
Q        := $(if $(V),,@)
say       = $(if $(V),@:,@printf '  %-8s %s\n' $(1) $(2))

prefix      ?= /usr/local
bindir      ?= $(prefix)/bin
libexecdir  ?= $(prefix)/libexec
mandir      ?= $(prefix)/share/man

CLANG      ?= clang
LLVM_STRIP ?= llvm-strip
BPFTOOL    ?= $(firstword $(wildcard /usr/sbin/bpftool /usr/local/sbin/bpftool) bpftool)
PKG_CONFIG ?= pkg-config
PACKAGES   := libbpf libelf libdw zlib

# The libraries are asked for only by goals that compile, so that `make demo` can install them first.
ifeq ($(filter demo deps clean help,$(MAKECMDGOALS)),)
MISSING := $(strip $(foreach p,$(PACKAGES),$(if $(shell $(PKG_CONFIG) --exists $(p) 2>/dev/null && echo y),,$(p))) \
           $(if $(shell command -v $(CLANG)),,$(CLANG)) $(if $(shell command -v $(BPFTOOL)),,bpftool))
ifneq ($(MISSING),)
$(error missing to build: $(MISSING). On Debian or Ubuntu `make deps` installs all that is needed)
endif
PKG_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PACKAGES))
PKG_LIBS   := $(shell $(PKG_CONFIG) --libs $(PACKAGES))
endif

WARN   := -Wall -Wextra -Wshadow -Wpointer-arith -Wcast-qual -Wstrict-prototypes -Wmissing-prototypes -Wvla \
          -Wformat=2 -Wno-format-nonliteral -Wno-missing-field-initializers
SANITY := $(if $(SAN),-fsanitize=address$(,)undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined,)
,      := ,
CFLAGS ?= -O2 -g
ALL_CFLAGS = -std=gnu11 $(CFLAGS) $(WARN) $(SANITY) -D_GNU_SOURCE -DLIFELINE_VERSION='"$(VERSION)"' \
             -DLIFELINE_LIBEXECDIR='"$(libexecdir)"' -I. -Iuser -I$(B)/gen $(PKG_CFLAGS) -MMD -MP
BPF_CFLAGS := -g -O2 -target bpf -mcpu=v2 -D__TARGET_ARCH_$(BPF_ARCH) -Ivmlinux/$(ARCH) -I. -Ibpf -Wall -Wno-unused-function \
              -Wno-missing-declarations -Wno-compare-distinct-pointer-types -MMD -MP

# ---- what there is, from the folder listing ----------------------------------------------------
FOLDERS   := base event trace symbol source model finding analyze sink engine cli
sources_of = $(sort $(wildcard user/$(1)/*.c user/$(1)/common/*.c))
objects_of = $(patsubst %.c,$(B)/%.o,$(call sources_of,$(1)))
ARCHIVES  := $(foreach f,$(FOLDERS),$(if $(call sources_of,$(f)),$(B)/lib$(f).a))
ANALYZERS := $(sort $(basename $(notdir $(wildcard user/analyze/*.c))))
SINKS     := $(sort $(basename $(notdir $(wildcard user/sink/*.c))))
COMMANDS  := $(patsubst cmd_%,%,$(sort $(basename $(notdir $(wildcard user/cli/cmd_*.c)))))
BPF_OBJS  := $(patsubst %.bpf.c,$(B)/%.bpf.o,$(sort $(wildcard bpf/*.bpf.c)))
# probe.bpf.c and others under bpf/probe/ are objects of their own, for feature detection
PROBES    := $(patsubst bpf/probe/%.bpf.c,$(B)/gen/%.skel.h,$(sort $(wildcard bpf/probe/*.bpf.c)))
SKELETONS := $(if $(BPF_OBJS),$(B)/gen/lifeline.skel.h) $(PROBES)
DEMOS     := $(patsubst %.c,$(B)/%,$(sort $(wildcard demos/*/*.c)))
UNIT      := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/unit/test_*.c)))

.PHONY: all lifeline demos clean check check-unit check-cases check-live lint bench install uninstall demo deps help
.DELETE_ON_ERROR:
.SECONDARY:

all: build/lifeline demos

# A stable name beside the per-mode folders; the program finds its demos beside itself.
build/lifeline: $(B)/lifeline
	$(Q)ln -sfn $(ARCH)-$(MODE)/lifeline $@
	$(Q)ln -sfn $(ARCH)-$(MODE)/demos build/demos

lifeline: build/lifeline
demos: $(DEMOS)

# ---- BPF -----------------------------------------------------------------------------------------
$(B)/%.bpf.o: %.bpf.c
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@ -MF $(@:.o=.d) -MT $@
	$(Q)$(LLVM_STRIP) -g $@ 2>/dev/null || true

$(B)/gen/lifeline.bpf.o: $(BPF_OBJS)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen object $@ $(BPF_OBJS)

$(B)/gen/lifeline.skel.h: $(B)/gen/lifeline.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name lifeline_bpf > $@.tmp && mv $@.tmp $@

$(B)/gen/%.skel.h: $(B)/bpf/probe/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf > $@.tmp && mv $@.tmp $@

# ---- registries ------------------------------------------------------------------------------------
# $(1) type, $(2) table, $(3) header, $(4) names
define registry
	$(call say,GEN,$@)
	$(Q)mkdir -p $(@D)
	$(Q){ printf '/* made from the folder listing */\n#include "%s"\n' $(3); \
	  for n in $(4); do printf 'extern const struct %s %s_%s;\n' $(1) $(1) $$n; done; \
	  printf 'const struct %s *const %s[] = {\n' $(1) $(2); \
	  for n in $(4); do printf '\t&%s_%s,\n' $(1) $$n; done; printf '\tNULL};\n'; } > $@.tmp
	$(Q)cmp -s $@.tmp $@ && rm $@.tmp || mv $@.tmp $@
endef

$(B)/gen/analyzers.c: Makefile $(wildcard user/analyze)
	$(call registry,analyzer,analyzers,analyze/analyzer.h,$(ANALYZERS))
$(B)/gen/sinks.c: Makefile $(wildcard user/sink)
	$(call registry,sink,sinks,sink/sink.h,$(SINKS))
$(B)/gen/commands.c: Makefile $(wildcard user/cli)
	$(call registry,command,commands,cli/command.h,$(COMMANDS))

# ---- user space ----------------------------------------------------------------------------------
$(B)/user/%.o: user/%.c | $(SKELETONS)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -c $< -o $@

$(B)/gen/%.o: $(B)/gen/%.c
	$(call say,CC,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -c $< -o $@

# Skeletons are generated: their users must know them even before the first .d file exists.
$(call objects_of,source): $(SKELETONS)

define archive
$(B)/lib$(1).a: $(call objects_of,$(1))
	$$(call say,AR,$$@)
	$(Q)rm -f $$@ && ar rcs $$@ $$^
endef
$(foreach f,$(FOLDERS),$(eval $(call archive,$(f))))

REGISTRIES := $(B)/gen/analyzers.o $(B)/gen/sinks.o
$(B)/lifeline: $(B)/gen/commands.o $(REGISTRIES) $(ARCHIVES)
	$(call say,LD,$@)
	$(Q)$(CC) $(SANITY) $(LDFLAGS) -o $@ $(B)/gen/commands.o $(REGISTRIES) -Wl,--start-group $(ARCHIVES) -Wl,--end-group $(PKG_LIBS) -lm

# ---- demos: standalone programs, no part of lifeline in them ---------------------------------------
$(B)/demos/%: demos/%.c demos/demo.h
	$(call say,DEMO,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 $(CFLAGS) $(WARN) -D_GNU_SOURCE -Idemos -MMD -MP $(LDFLAGS) -o $@ $< -pthread
	$(Q)if [ -e demos/$*.expect ]; then cp -f demos/$*.expect $@.expect; fi

# ---- tests ---------------------------------------------------------------------------------------
$(B)/tests/unit/%: tests/unit/%.c $(REGISTRIES) $(ARCHIVES)
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $< $(REGISTRIES) -Wl,--start-group $(filter-out $(B)/libcli.a,$(ARCHIVES)) -Wl,--end-group \
		$(PKG_LIBS) $(shell $(PKG_CONFIG) --libs cmocka) -lm -pthread

unit-programs: $(UNIT)

check: all $(UNIT)
	$(Q)BUILD=$(B) tests/run.sh lint unit cases live
check-unit: all $(UNIT)
	$(Q)BUILD=$(B) tests/run.sh unit
check-cases: all $(UNIT)
	$(Q)BUILD=$(B) tests/run.sh cases
check-live: all
	$(Q)BUILD=$(B) tests/run.sh live
lint:
	$(Q)BUILD=$(B) tests/run.sh lint
bench: all
	$(Q)BUILD=$(B) tests/bench/run.sh

clean:
	rm -rf build

-include $(shell find $(B) -name '*.d' 2>/dev/null)
