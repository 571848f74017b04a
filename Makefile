# SPDX-License-Identifier: BSD-2-Clause
#
# lifeline. `make` builds, `make demo` installs what is missing and shows a first verdict, `make check` tests;
# `make help` names the other goals and variables. All that is made lies below build/<arch>-<mode>/, and nothing of the
# running kernel is read: the types come from vmlinux/<arch>/vmlinux.h.

VERSION  := 0.1.0
# Of that version; man pages show it.
DATE     := 2026-11-25
override ARCH := $(shell echo $(or $(ARCH),$(shell uname -m)) | sed -e 's/i.86/x86/' -e 's/arm64/aarch64/')
BPF_ARCH := $(patsubst x86_64,x86,$(patsubst aarch64,arm64,$(patsubst riscv64,riscv,$(patsubst ppc64le,powerpc,$(patsubst s390x,s390,$(ARCH))))))
MODE     := $(if $(FUZZ),fuzz,$(if $(SAN),san,release))
B        := build/$(ARCH)-$(MODE)
Q        := $(if $(V),,@)
say       = $(if $(V),@:,@printf '  %-8s %s\n' $(1) $(2))

PREFIX     ?= /usr/local
prefix     ?= $(PREFIX)
bindir     ?= $(prefix)/bin
libexecdir ?= $(prefix)/libexec
datadir    ?= $(prefix)/share
mandir     ?= $(datadir)/man
docdir     ?= $(datadir)/doc/lifeline
bashdir    ?= $(datadir)/bash-completion/completions
zshdir     ?= $(datadir)/zsh/site-functions
fishdir    ?= $(datadir)/fish/vendor_completions.d
demodir     = $(libexecdir)/lifeline/demos

CLANG      ?= clang
BPFTOOL    ?= $(firstword $(wildcard /usr/sbin/bpftool /usr/local/sbin/bpftool) bpftool)
PKG_CONFIG ?= pkg-config
INSTALL    ?= install
OBJCOPY    ?= objcopy
PROTOC_C   ?= protoc-c
AWK        ?= awk
# For another machine: make ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-. Its libraries are those that scripts/sysroot.sh
# has put below build/sysroot, if it was run, else those of this system's other architecture.
ifneq ($(CROSS_COMPILE),)
CC      := $(CROSS_COMPILE)gcc
CXX     := $(CROSS_COMPILE)g++
OBJCOPY := $(CROSS_COMPILE)objcopy
SYSROOT ?= $(abspath $(wildcard build/sysroot/$(ARCH)))
TRIPLET := $(patsubst %-,%,$(notdir $(CROSS_COMPILE)))
PKG_CONFIG := $(if $(SYSROOT),PKG_CONFIG_SYSROOT_DIR=$(SYSROOT)) PKG_CONFIG_LIBDIR=$(SYSROOT)/usr/lib/$(TRIPLET)/pkgconfig:$(SYSROOT)/usr/share/pkgconfig pkg-config
ROOT    := $(if $(SYSROOT),--sysroot=$(SYSROOT))
endif
AR         := $(CROSS_COMPILE)ar
PACKAGES   := libbpf libdw libelf liblzma zlib libprotobuf-c

# What building needs is looked for only when something is to be built by this very make: `make demo` and `make check`
# install it first and then call make again.
OTHER_GOALS := demo deps check check-fresh check-deb deb clean help lint format uninstall
ifneq ($(filter-out $(OTHER_GOALS),$(or $(MAKECMDGOALS),all)),)
MISSING := $(foreach p,$(PACKAGES),$(if $(shell $(PKG_CONFIG) --exists $(p) 2>/dev/null && echo y),,$(p))) \
           $(if $(shell echo '\#include <libiberty/demangle.h>' | $(CC) $(ROOT) -E - >/dev/null 2>&1 && echo y),,libiberty) \
           $(foreach c,$(CC) $(CLANG) $(BPFTOOL) $(lastword $(PKG_CONFIG)) $(PROTOC_C),$(if $(shell command -v $(c)),,$(notdir $(c))))
ifneq ($(strip $(MISSING)),)
$(error missing to build: $(strip $(MISSING)). On Debian or Ubuntu `make deps` installs all that is needed)
endif
ifeq ($(wildcard vmlinux/$(ARCH)/vmlinux.h),)
$(error there is no vmlinux/$(ARCH)/vmlinux.h: make one with vmlinux/refresh.sh on a machine of that kind (see vmlinux/README.md))
endif
PKG_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PACKAGES))
PKG_LIBS   := $(shell $(PKG_CONFIG) --libs $(PACKAGES)) -liberty
endif

,      := ,
WARN   := -Wall -Wextra -Wshadow -Wpointer-arith -Wcast-qual -Wstrict-prototypes -Wmissing-prototypes -Wvla \
          -Wformat=2 -Wno-format-nonliteral -Wno-missing-field-initializers
SANITY := $(if $(SAN),-fsanitize=address$(,)undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined,)
# FUZZ=1: as `make fuzz` builds, with clang's libFuzzer counting what is reached
SANITY += $(if $(FUZZ),-fsanitize=fuzzer-no-link$(,)address$(,)undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
CFLAGS ?= -O2 -g
ALL_CFLAGS = $(ROOT) -std=gnu11 $(CFLAGS) $(WARN) $(SANITY) -D_GNU_SOURCE -DLIFELINE_VERSION='"$(VERSION)"' \
             -DLIFELINE_DATE='"$(DATE)"' -I. -Iuser -I$(B)/gen $(PKG_CFLAGS)
DEMO_CFLAGS = $(ROOT) -std=gnu11 $(CFLAGS) $(WARN) -D_GNU_SOURCE -Idemos
BPF_CFLAGS := -g -O2 -target bpf -mcpu=v2 -D__TARGET_ARCH_$(BPF_ARCH) -Ivmlinux/$(ARCH) -I. -Ibpf -Wall -Wno-unused-function \
              -Wno-missing-declarations -Wno-compare-distinct-pointer-types
DEPENDS     = -MMD -MP -MF $@.d -MT $@

# ---- what there is, from the folder listing ------------------------------------------------------
FOLDERS   := base event trace symbol source model finding analyze sink engine cli
sources_of = $(sort $(wildcard user/$(1)/*.c user/$(1)/common/*.c))
objects_of = $(patsubst %.c,$(B)/%.o,$(call sources_of,$(1))) $(GENERATED_$(1):%.c=$(B)/gen/%.o)
GENERATED_sink := perfetto.pb-c.c
ARCHIVES  := $(foreach f,$(FOLDERS),$(if $(call sources_of,$(f)),$(B)/lib$(f).a))
ANALYZERS := $(sort $(basename $(notdir $(wildcard user/analyze/*.c))))
SINKS     := $(sort $(basename $(notdir $(wildcard user/sink/*.c))))
COMMANDS  := $(patsubst cmd_%,%,$(sort $(basename $(notdir $(wildcard user/cli/cmd_*.c)))))
BPF_OBJS  := $(patsubst %.bpf.c,$(B)/%.bpf.o,$(sort $(wildcard bpf/*.bpf.c)))
# The files under bpf/probe/ are objects of their own, for feature detection.
PROBES    := $(patsubst bpf/probe/%.bpf.c,$(B)/gen/%.skel.h,$(sort $(wildcard bpf/probe/*.bpf.c)))
SKELETONS := $(if $(BPF_OBJS),$(B)/gen/lifeline.skel.h $(B)/gen/older.skel.h) $(PROBES)
DEMOS     := $(patsubst %.c,$(B)/%,$(sort $(wildcard demos/*/*.c)))
EXPECTS   := $(patsubst %,$(B)/%,$(sort $(wildcard demos/*/*.expect)))
UNIT      := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/unit/test_*.c)))
# Programs that unit tests look at; how each is made is said below.
CHAINS    := debug dwarf4 packed bare fp fixed static static-pie stripped debug-frame no-cfi
TARGETS   := $(addprefix $(B)/tests/unit/programs/,$(addprefix chain-,$(CHAINS) split linked c++) libchain.so loader signal)
PROGRAMS  := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/live/programs/*.c)))

.PHONY: all demos unit-programs live-programs test-programs clean check check-unit check-cases check-export check-install check-live check-vm check-fresh check-deb deb fuzz fuzzers lint analyze format bench \
        install uninstall demo deps help FORCE
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:

all: $(B)/lifeline demos $(if $(SAN)$(CROSS_COMPILE),,build/lifeline)

# A stable name beside the per-mode folders, for the ordinary build.
build/lifeline: $(B)/lifeline FORCE
	@[ "$$(readlink $@)" = $(ARCH)-$(MODE)/lifeline ] || ln -sfn $(ARCH)-$(MODE)/lifeline $@
	@[ "$$(readlink build/demos)" = $(ARCH)-$(MODE)/demos ] || ln -sfn $(ARCH)-$(MODE)/demos build/demos

# ---- lists: files that change only when what they hold changes -------------------------------------
# What depends on a folder's listing or on flags depends on its list, so a file taken away, or another CC, rebuilds what
# it must, and a second make does nothing.
LISTS := flags libexec link demo-flags bpf-flags bpf analyzers sinks commands archives demos $(addprefix folder-,$(FOLDERS))
LIST_flags      = $(CC) $(ALL_CFLAGS)
LIST_libexec    = $(libexecdir)
LIST_link       = $(CC) $(ROOT) $(SANITY) $(LDFLAGS) $(PKG_LIBS)
LIST_demo-flags = $(CC) $(DEMO_CFLAGS) $(LDFLAGS)
LIST_bpf-flags  = $(CLANG) $(BPF_CFLAGS)
LIST_bpf        = $(BPF_OBJS)
LIST_analyzers  = $(ANALYZERS)
LIST_sinks      = $(SINKS)
LIST_commands   = $(COMMANDS)
LIST_archives   = $(ARCHIVES)
LIST_demos      = $(DEMOS) $(EXPECTS)
$(foreach f,$(FOLDERS),$(eval LIST_folder-$(f) = $(call sources_of,$(f))))
list_of = $(addprefix $(B)/list/,$(1))

$(call list_of,$(LISTS)): $(B)/list/%: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(LIST_$*))' > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

# ---- BPF -----------------------------------------------------------------------------------------
$(B)/%.bpf.o: %.bpf.c $(call list_of,bpf-flags)
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) $(DEPENDS) -c $< -o $@

# bpftool's linker leaves the debugging sections behind and keeps BTF; one object goes through it for that alone.
$(B)/gen/lifeline.bpf.o: $(BPF_OBJS) $(call list_of,bpf)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen object $@ $(BPF_OBJS)

$(B)/gen/probe/%.bpf.o: $(B)/bpf/probe/%.bpf.o
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen object $@ $<

# $(1) name of the skeleton. To a temporary file first: a header cut off by a failure must not look up to date.
skeleton = $(Q)$(BPFTOOL) gen skeleton $< name $(1) > $@.new && mv $@.new $@

$(B)/gen/lifeline.skel.h: $(B)/gen/lifeline.bpf.o
	$(call say,SKEL,$@)
	$(call skeleton,lifeline_bpf)

# The same programs, for older kernels: bpf/lib/kernel.bpf.h.
$(B)/gen/older/older.bpf.o: $(B)/bpf/older/older.bpf.o
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen object $@ $<

$(B)/gen/older.skel.h: $(B)/gen/older/older.bpf.o
	$(call say,SKEL,$@)
	$(call skeleton,older_bpf)

$(B)/gen/%.skel.h: $(B)/gen/probe/%.bpf.o
	$(call say,SKEL,$@)
	$(call skeleton,$*_bpf)

# ---- registries ----------------------------------------------------------------------------------
# $(1) type, $(2) table, $(3) header, $(4) names
define registry
	$(call say,GEN,$@)
	$(Q)mkdir -p $(@D)
	$(Q){ printf '/* made from the folder listing */\n#include "%s"\n' $(3); \
	  for n in $(4); do printf 'extern const struct %s %s_%s;\n' $(1) $(1) $$n; done; \
	  printf 'const struct %s *const %s[] = {\n' $(1) $(2); \
	  for n in $(4); do printf '\t&%s_%s,\n' $(1) $$n; done; printf '\tNULL};\n'; } > $@.new && mv $@.new $@
endef

$(B)/gen/analyzers.c: Makefile $(call list_of,analyzers)
	$(call registry,analyzer,analyzers,analyze/analyzer.h,$(ANALYZERS))
$(B)/gen/sinks.c: Makefile $(call list_of,sinks)
	$(call registry,sink,sinks,sink/sink.h,$(SINKS))
$(B)/gen/commands.c: Makefile $(call list_of,commands)
	$(call registry,command,commands,cli/command.h,$(COMMANDS))

# ---- user space ----------------------------------------------------------------------------------
# The messages of the perfetto export as C, from the part of the format that is written.
$(B)/gen/perfetto.pb-c.h $(B)/gen/perfetto.pb-c.c &: user/sink/common/perfetto.proto
	$(call say,PROTO,$(B)/gen/perfetto.pb-c.c)
	$(Q)mkdir -p $(B)/gen
	$(Q)$(PROTOC_C) --proto_path=user/sink/common --c_out=$(B)/gen perfetto.proto

$(B)/user/sink/common/packet.o: | $(B)/gen/perfetto.pb-c.h

# The one file that knows where things get installed, so that another PREFIX rebuilds no more than that.
$(B)/user/cli/demos.o: $(call list_of,libexec)
$(B)/user/cli/demos.o: private ALL_CFLAGS += -DLIFELINE_LIBEXECDIR='"$(libexecdir)"'

# The assembler reads these in (.incbin), which no dependency file tells.
$(B)/user/sink/common/schema.o: $(wildcard user/sink/common/*.schema.json)
$(B)/user/cli/completion.o: $(wildcard user/cli/completion/lifeline.*)

# The page of the html export: its scripts one after the other, and hashes of script and style, which alone it lets run.
# The assembler reads the parts in; the header says where they are. No tabs: an export in text holds no control characters.
HTML_SCRIPTS := $(patsubst %,user/sink/html/%.js,text data marks view lanes draw diagram details tables verdicts page)
sha256 = $$(sha256sum $(1) | cut -c 1-64 | tr a-f A-F | basenc --base16 -d | base64)

$(B)/gen/html_page.js: $(HTML_SCRIPTS) Makefile
	$(call say,GEN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)cat $(HTML_SCRIPTS) | expand -t 2 > $@.new && mv $@.new $@
$(B)/gen/html_page.css: user/sink/html/page.css
	$(call say,GEN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)expand -t 2 $< > $@.new && mv $@.new $@
$(B)/gen/html_assets.h: $(B)/gen/html_page.js $(B)/gen/html_page.css user/sink/html/page.html
	$(call say,GEN,$@)
	$(Q)script=$(call sha256,$(B)/gen/html_page.js) && style=$(call sha256,$(B)/gen/html_page.css) && [ "$$script$$style" ] && { \
	  printf '#define HTML_%s_FILE "%s"\n' SCRIPT $(B)/gen/html_page.js STYLE $(B)/gen/html_page.css BODY user/sink/html/page.html; \
	  printf '#define HTML_%s_HASH "%s"\n' SCRIPT "$$script" STYLE "$$style"; } > $@.new && mv $@.new $@
$(B)/user/sink/html.o: $(B)/gen/html_assets.h

$(B)/user/%.o: user/%.c $(call list_of,flags)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(DEPENDS) -c $< -o $@

$(B)/gen/%.o: $(B)/gen/%.c $(call list_of,flags)
	$(call say,CC,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(DEPENDS) -c $< -o $@

# The skeletons must be there before the first compilation can tell who includes them; from then on the .d files know.
$(call objects_of,source): | $(SKELETONS)

define archive
$(B)/lib$(1).a: $(call objects_of,$(1)) $(call list_of,folder-$(1))
	$$(call say,AR,$$@)
	$(Q)rm -f $$@ && $(AR) rcs $$@ $(call objects_of,$(1))
endef
$(foreach f,$(FOLDERS),$(eval $(call archive,$(f))))

REGISTRIES := $(B)/gen/analyzers.o $(B)/gen/sinks.o
$(B)/lifeline: $(B)/gen/commands.o $(REGISTRIES) $(ARCHIVES) $(call list_of,link archives)
	$(call say,LD,$@)
	$(Q)$(CC) $(ROOT) $(SANITY) $(LDFLAGS) -o $@ $(B)/gen/commands.o $(REGISTRIES) \
		-Wl,--start-group $(ARCHIVES) -Wl,--end-group $(PKG_LIBS) -lm

# ---- demos: standalone programs, no part of lifeline in them -------------------------------------
demos: $(DEMOS) $(EXPECTS) $(B)/demos/.pruned

$(B)/demos/%: demos/%.c $(call list_of,demo-flags)
	$(call say,DEMO,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(DEMO_CFLAGS) $(DEPENDS) $(LDFLAGS) -o $@ $< -pthread

$(B)/demos/%.expect: demos/%.expect
	$(Q)mkdir -p $(@D)
	$(Q)cp -f $< $@

# `lifeline demo` lists this folder, so a demo that is gone from the sources must go from here.
$(B)/demos/.pruned: $(call list_of,demos)
	@mkdir -p $(@D)
	@find $(@D) -mindepth 2 -type f ! -name '*.d' | while read -r f; do \
	  case ' $(DEMOS) $(EXPECTS) ' in *" $$f "*) ;; *) rm -f "$$f" "$$f.d" ;; esac; done
	@touch $@

# ---- tests ---------------------------------------------------------------------------------------
# Unit tests link downwards: all folders but cli, save for test_cli_*.c.
$(B)/tests/unit/%: tests/unit/%.c $(REGISTRIES) $(B)/gen/commands.o $(ARCHIVES) $(call list_of,flags)
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(DEPENDS) $(LDFLAGS) -o $@ $< $(REGISTRIES) $(if $(filter cli_%,$(*:test_%=%)),$(B)/gen/commands.o) \
		-Wl,--start-group $(if $(filter cli_%,$(*:test_%=%)),$(ARCHIVES),$(filter-out $(B)/libcli.a,$(ARCHIVES))) \
		-Wl,--end-group $(PKG_LIBS) $(shell $(PKG_CONFIG) --cflags --libs cmocka) -lm -pthread

# Fuzz targets, each a program; built by `make fuzz` alone.
FUZZERS := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/fuzz/*.c)))
$(B)/tests/fuzz/%: tests/fuzz/%.c $(REGISTRIES) $(B)/gen/commands.o $(ARCHIVES) $(call list_of,flags)
	$(call say,FUZZ,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -DFUZZ_ALONE $(DEPENDS) -fsanitize=fuzzer $(LDFLAGS) -o $@ $< $(REGISTRIES) $(B)/gen/commands.o \
		-Wl,--start-group $(ARCHIVES) -Wl,--end-group $(PKG_LIBS) -lm -pthread
fuzzers: $(FUZZERS)

# Programs with known stacks, in the forms that programs come in. Their flags are their own: CFLAGS would change the facts.
CHAIN_debug       := -g -fomit-frame-pointer
CHAIN_dwarf4      := -g -gdwarf-4 -fomit-frame-pointer
CHAIN_packed      := -g -gz -fomit-frame-pointer
CHAIN_bare        := -fomit-frame-pointer
CHAIN_fp          := -fno-omit-frame-pointer -mno-omit-leaf-frame-pointer
CHAIN_fixed       := -fomit-frame-pointer -fno-pie -no-pie
CHAIN_static      := -g -fomit-frame-pointer -static
CHAIN_static-pie  := -fomit-frame-pointer -fPIE -static-pie
CHAIN_stripped    := -fomit-frame-pointer -rdynamic -s
CHAIN_debug-frame := -g -fomit-frame-pointer -fno-asynchronous-unwind-tables -fno-exceptions
CHAIN_no-cfi      := -fno-omit-frame-pointer -fno-asynchronous-unwind-tables -fno-exceptions
TARGET_CC = $(Q)mkdir -p $(@D) && $(if $(V),,printf '  %-8s %s\n' TEST $@ &&) $(CC) -std=gnu11 -O2 -D_GNU_SOURCE $(WARN)

$(CHAINS:%=$(B)/tests/unit/programs/chain-%): $(B)/tests/unit/programs/chain-%: tests/unit/programs/chain.c Makefile
	$(TARGET_CC) $(CHAIN_$*) -o $@ $< -pthread
# Debugging information in a file of its own, found by build-id and name, or by name and checksum alone.
$(B)/tests/unit/programs/chain-split $(B)/tests/unit/programs/chain-linked: tests/unit/programs/chain.c Makefile
	$(TARGET_CC) $(CHAIN_debug) -Wl,--build-id=$(if $(filter %linked,$@),none,sha1) -o $@.whole $< -pthread
	$(Q)$(OBJCOPY) --only-keep-debug $@.whole $@.debug
	$(Q)cd $(@D) && $(OBJCOPY) --strip-all --add-gnu-debuglink=$(@F).debug $(@F).whole $(@F)
$(B)/tests/unit/programs/libchain.so: tests/unit/programs/chain.c Makefile
	$(TARGET_CC) -g -fPIC -shared -Wl,--build-id -Dmain=chain_main -Wno-missing-prototypes -o $@ $< -pthread
$(B)/tests/unit/programs/loader $(B)/tests/unit/programs/signal: $(B)/tests/unit/programs/%: tests/unit/programs/%.c Makefile
	$(TARGET_CC) -g -o $@ $< -pthread -ldl
# Without a C++ compiler its test says that it is skipped.
$(B)/tests/unit/programs/chain-c++: tests/unit/programs/chain.cc Makefile
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)if command -v $(CXX) >/dev/null; then $(CXX) -std=c++17 -O2 -g -Wall -Wextra -o $@ $< -pthread; fi

# The runner of text scenarios, tests/cases/**/*.ev.
CASES := $(B)/tests/cases/cases
CASES_OBJS := $(patsubst %.c,$(B)/%.o,$(sort $(wildcard tests/cases/*.c)))
$(CASES_OBJS): $(B)/tests/cases/%.o: tests/cases/%.c $(call list_of,flags)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(DEPENDS) -c $< -o $@
$(CASES): $(CASES_OBJS) $(REGISTRIES) $(ARCHIVES) $(call list_of,link archives)
	$(call say,TEST,$@)
	$(Q)$(CC) $(ROOT) $(SANITY) $(LDFLAGS) -o $@ $(CASES_OBJS) $(REGISTRIES) \
		-Wl,--start-group $(filter-out $(B)/libcli.a,$(ARCHIVES)) -Wl,--end-group $(PKG_LIBS) -lm -pthread

# Programs that live tests observe: like demos, no part of lifeline in them, and built without sanitizers.
$(B)/tests/live/programs/%: tests/live/programs/%.c $(call list_of,demo-flags)
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(DEMO_CFLAGS) $(DEPENDS) $(LDFLAGS) -o $@ $< -pthread

live-programs: $(PROGRAMS)

test-programs: unit-programs live-programs $(CASES)

# Without cmocka the level `unit` says that it is skipped.
unit-programs: $(if $(filter-out $(OTHER_GOALS),$(or $(MAKECMDGOALS),all)),$(if $(shell $(PKG_CONFIG) --exists cmocka && echo y),$(UNIT) $(TARGETS)))

# The other make builds in parallel, also if this one was not told to.
AGAIN = +$(Q)$(MAKE) --no-print-directory $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc 2>/dev/null || echo 2))
TEST  = $(Q)BUILD=$(B) tests/run.sh

check:
	$(Q)scripts/install-deps.sh build
	$(Q)scripts/install-deps.sh --optional test
	$(Q)scripts/install-deps.sh --optional extra
	$(Q)scripts/install-deps.sh --optional browser
	$(AGAIN) all test-programs
	$(TEST) lint unit cases export install live

check-unit: all unit-programs
	$(TEST) unit
check-cases: all $(CASES)
	$(TEST) cases
check-export: all
	$(TEST) export
check-install: all
	$(TEST) install
check-live: all live-programs
	$(TEST) live
# Not part of check: it fetches kernels and boots them. K=6.12: those whose name (tests/vm/kernels.txt) contains it.
check-vm: all
	$(Q)LEVEL_TIMEOUT=7200 BUILD=$(B) tests/run.sh vm
# FUZZ_TIME=10: seconds for each target. The programs that unit tests look at are among the inputs.
fuzz: $(TARGETS)
	$(Q)scripts/install-deps.sh --optional fuzz
	$(AGAIN) FUZZ=1 CC=$(CLANG) fuzzers
	$(Q)LEVEL_TIMEOUT=86400 BUILD=build/$(ARCH)-fuzz V=1 tests/run.sh fuzz
# Nor these, which take a mirror's packages into a bare root, as a new user would: see tests/fresh/run.sh, tests/package/run.
check-fresh:
	$(Q)LEVEL_TIMEOUT=7200 BUILD=$(B) tests/run.sh fresh
check-deb:
	$(Q)LEVEL_TIMEOUT=7200 BUILD=$(B) tests/run.sh package
lint:
	$(TEST) lint
# clang-tidy and cppcheck; QUICK=1 leaves out what takes most of the time. Not part of check: it takes minutes.
analyze: all
	$(Q)scripts/install-deps.sh --optional analyze
	$(Q)LEVEL_TIMEOUT=7200 QUICK=$(QUICK) BUILD=$(B) tests/run.sh analyze
bench: all
	$(Q)BUILD=$(B) tests/bench/run.sh
format:
	$(Q)git ls-files '*.c' '*.h' | grep -v '^vmlinux/' | xargs clang-format -i

# ---- first steps ---------------------------------------------------------------------------------
deps:
	$(Q)scripts/install-deps.sh build

demo:
	$(Q)scripts/install-deps.sh build
	$(AGAIN) all
	$(Q)scripts/as-root.sh $(B)/lifeline demo zombie/never-waits

# ---- install -------------------------------------------------------------------------------------
# Man pages of commands are printed by the program from its tables; those of formats are made of docs/ and event.def.
MANPAGES  := $(B)/man/lifeline.1 $(patsubst %,$(B)/man/lifeline-%.1,$(COMMANDS))
MANPAGES5 := $(B)/man/lifeline-trace.5 $(B)/man/lifeline-events.5
DOCS      := README.md CHANGELOG.md CONTRIBUTING.md LICENSE $(sort $(wildcard docs/*.md))

$(MANPAGES): $(B)/man/lifeline%1: $(B)/lifeline
	$(call say,MAN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(B)/lifeline --man $(patsubst -%.,%,$(filter-out .,$*)) > $@.new && mv $@.new $@

# $(1) what it is about, in a few words; $(2) more variables of the script
markdown_to_man = $(AWK) -v name=$(basename $(@F)) -v about=$(1) -v version=$(VERSION) -v date=$(DATE) $(2) -f $(filter scripts/markdown%,$^) $(filter docs/%,$^)

$(B)/man/lifeline-trace.5: scripts/markdown-to-man.awk docs/trace-format.md scripts/events-to-man.awk bpf/abi/event.def Makefile
	$(call say,MAN,$@)
	$(Q)mkdir -p $(@D)
	$(Q){ $(call markdown_to_man,'file that lifeline records an observation to') && \
	  $(AWK) -f scripts/events-to-man.awk bpf/abi/event.def; } > $@.new && mv $@.new $@

$(B)/man/lifeline-events.5: scripts/markdown-to-man.awk docs/export.md Makefile
	$(call say,MAN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(call markdown_to_man,'event log that lifeline export writes',-v sections='The event log|Each context switch|Into sqlite|Into ClickHouse') \
	  > $@.new && mv $@.new $@

# Completion scripts, where each shell looks for them and by the name that it looks for.
COMPLETIONS = $(bashdir)/lifeline $(zshdir)/_lifeline $(fishdir)/lifeline.fish

install: all $(MANPAGES) $(MANPAGES5)
	$(call say,INSTALL,$(DESTDIR)$(bindir)/lifeline)
	$(Q)$(INSTALL) -d $(addprefix $(DESTDIR),$(bindir) $(mandir)/man1 $(mandir)/man5 $(docdir)/docs $(bashdir) $(zshdir) $(fishdir))
	$(Q)$(INSTALL) -m 755 $(B)/lifeline $(DESTDIR)$(bindir)/lifeline
	$(Q)$(INSTALL) -m 644 $(MANPAGES) $(DESTDIR)$(mandir)/man1
	$(Q)$(INSTALL) -m 644 $(MANPAGES5) $(DESTDIR)$(mandir)/man5
	$(Q)$(INSTALL) -m 644 user/cli/completion/lifeline.bash $(DESTDIR)$(bashdir)/lifeline
	$(Q)$(INSTALL) -m 644 user/cli/completion/lifeline.zsh $(DESTDIR)$(zshdir)/_lifeline
	$(Q)$(INSTALL) -m 644 user/cli/completion/lifeline.fish $(DESTDIR)$(fishdir)/lifeline.fish
	$(Q)$(INSTALL) -m 644 $(filter-out docs/%,$(DOCS)) $(DESTDIR)$(docdir)
	$(Q)$(INSTALL) -m 644 $(filter docs/%,$(DOCS)) $(DESTDIR)$(docdir)/docs
	$(Q)for f in $(DEMOS:$(B)/demos/%=%); do $(INSTALL) -D -m 755 $(B)/demos/$$f $(DESTDIR)$(demodir)/$$f || exit 1; done
	$(Q)for f in $(EXPECTS:$(B)/demos/%=%); do $(INSTALL) -D -m 644 $(B)/demos/$$f $(DESTDIR)$(demodir)/$$f || exit 1; done

# Folders of its own go too; those that others put things into stay.
uninstall:
	$(Q)rm -f $(addprefix $(DESTDIR),$(bindir)/lifeline $(COMPLETIONS))
	$(Q)rm -f $(addprefix $(DESTDIR)$(mandir)/man1/,$(notdir $(MANPAGES))) $(addprefix $(DESTDIR)$(mandir)/man5/,$(notdir $(MANPAGES5)))
	$(Q)rm -rf $(DESTDIR)$(libexecdir)/lifeline $(DESTDIR)$(docdir)

# A Debian package, build/deb/lifeline_$(VERSION)_ARCH.deb, from debian/.
deb:
	$(Q)scripts/install-deps.sh build
	$(Q)scripts/install-deps.sh package
	$(Q)scripts/make-deb.sh

clean:
	rm -rf build

help:
	@printf '%s\n' \
	  'make                build build/lifeline and the demos' \
	  'make demo           install what is missing, build, run `lifeline demo zombie/never-waits`' \
	  'make check          install what tests need, run lint, unit, cases, export, install and live tests (live ones as root)' \
	  'make check-unit     one level alone; also check-cases, check-export, check-install, check-live, lint' \
	  'make check-vm       the demos on other kernels, under qemu; K=6.12: on that one' \
	  'make analyze        clang-tidy and cppcheck (QUICK=1: without the slow checks)' \
  'make fuzz           hostile input for each reader, 60 s each (FUZZ_TIME=); needs clang and libclang-rt-dev' \
	  'make check-fresh    what the README says, in a bare Debian; make check-deb: the package in one (root, debootstrap)' \
	  'make bench          what observing costs, as ratios' \
	  'make deps           install what building needs (Debian, Ubuntu; elsewhere: say what it is)' \
	  'make install        to PREFIX=/usr/local, below DESTDIR; `make uninstall` takes it away' \
	  'make deb            a Debian package, in build/deb/' \
	  'make format         clang-format over the sources' \
	  'make clean          remove build/' \
	  'V=1 shows commands; SAN=1 builds build/<arch>-san/ with address and undefined-behaviour sanitizers;' \
	  'CC, CLANG, CFLAGS, LDFLAGS, BPFTOOL, PROTOC_C, PKG_CONFIG are as usual.'

-include $(shell find $(B) -name '*.d' 2>/dev/null)
