# Builds, checks and installs the gateway.  `make help` lists the targets.
#
# One Makefile and no recursion into folders: a new .c file under gateway/ or
# tests/unit/ is found by itself, and what a file includes is tracked by the
# compiler.  Everything built lies in build/VARIANT, so variants never mix.

VARIANT ?= release
PREFIX  ?= /usr/local
B       := build/$(VARIANT)
Q       := $(if $(V),,@)

# What each variant adds to the flags below.
release := -O2 -D_FORTIFY_SOURCE=2
debug   := -Og
asan    := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
tsan    := -O1 -fno-omit-frame-pointer -fsanitize=thread
cover   := -O0 --coverage
analyze := -O1 -fanalyzer -Werror
fuzz    := -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -w
variants := release debug asan tsan cover analyze fuzz
$(if $(filter $(VARIANT),$(variants)),,$(error VARIANT is one of: $(variants)))

warnings := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wformat=2 \
            -Wstrict-prototypes -Wmissing-prototypes -Wundef -Wcast-qual -Wwrite-strings \
            -Wvla -Wswitch-enum -Wnull-dereference -Wduplicated-cond -Wlogical-op
packages := libxml-2.0 jansson libcyaml libmicrohttpd libcurl rdkafka avro-c sqlite3 libcrypto libzstd libsodium cjose gnutls xmlsec1-openssl

cppflags := -D_GNU_SOURCE -Igateway -include gateway/base/banned.h \
            $(shell pkg-config --cflags $(packages) 2>/dev/null)
cflags   := -std=gnu17 -g -pthread -fPIE -fstack-protector-strong $(warnings) $($(VARIANT))
ldflags  := -pthread -pie -Wl,--as-needed,-z,relro,-z,now $(filter -fsanitize% --coverage,$($(VARIANT)))
ldlibs   := $(shell pkg-config --libs $(packages) 2>/dev/null)
ifeq ($(VARIANT),fuzz) # libFuzzer is clang's; the warnings are gcc's to give
CC := clang-14
endif
# Parsing is many small allocations: jemalloc is worth a tenth of a handoff.  The other variants
# watch the allocator that they know.
allocator := $(if $(filter release,$(VARIANT)),-ljemalloc)
# CPPFLAGS, CFLAGS, LDFLAGS and LDLIBS stay the caller's: `make CFLAGS=-Werror`.

programs := lienthongd lienthong
sources  := $(wildcard gateway/*.c gateway/*/*.c)
assets   := $(wildcard gateway/*/*.sql gateway/*/*.yaml)
console  := $(wildcard gateway/operate/console/*)
objects  := $(patsubst %.c,$B/%.o,$(filter-out $(programs:%=gateway/%.c),$(sources))) $(assets:%=$B/%.o) \
            $(console:%=$B/%.o)
# Of which each program takes what it needs: whole, they made 140 unit tests of 8 MB each.
library  := $B/gateway.a
# Functions that stand before the C library's, for which no name of ours asks.
standing := $B/gateway/kafka/waits.o $(if $(filter tsan,$(VARIANT)),$B/tests/tsan/threads.o)
tests    := $(patsubst %.c,$B/%,$(wildcard tests/unit/test_*.c))
benches  := $(patsubst %.c,$B/%,$(wildcard tests/bench/*.c))
probes   := $(patsubst %.c,$B/%,$(wildcard tests/e2e/*.c))
cutter   := $B/tests/powercut/cut
preloads := $(patsubst %.c,$B/%.so,tests/powercut/record.c $(wildcard tests/faults/*.c))
failing  := $B/tests/allocfail/shim.so
fuzzers  := $(patsubst %.c,$B/%,$(wildcard tests/fuzz/*.c))
styled   := $(sources) $(wildcard gateway/*.h gateway/*/*.h tests/unit/*.[ch] tests/bench/*.c tests/e2e/*.c tests/faults/*.c \
                         tests/allocfail/*.c tests/fuzz/*.[ch] tests/powercut/*.[ch])
scripts  := $(shell grep -lE '^#!/bin/(ba)?sh|^#!/usr/bin/env bash' -r deploy tests .ci --include='*' 2>/dev/null)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:

all: $(programs:%=$B/%) ## build both programs (VARIANT=release|debug|asan|tsan|cover|analyze)

$(library): $(filter-out $(standing),$(objects))
	@echo "  AR   $@"
	$Q$(RM) $@ && $(AR) rcsT $@ $^

$(programs:%=$B/%): $B/%: $B/gateway/%.o $(standing) $(library)
	@echo "  LD   $@"
	$Q$(CC) $(ldflags) $(LDFLAGS) $(filter %.o,$^) $(library) $(ldlibs) $(allocator) $(LDLIBS) -o $@

$(tests): $B/%: $B/%.o $(standing) $(library)
	@echo "  LD   $@"
	$Q$(CC) $(ldflags) $(LDFLAGS) $(filter %.o,$^) $(library) $(ldlibs) $(LDLIBS) -lcmocka -o $@

$(benches) $(probes) $(cutter): $B/%: $B/%.o $(standing) $(library)
	@echo "  LD   $@"
	$Q$(CC) $(ldflags) $(LDFLAGS) $(filter %.o,$^) $(library) $(ldlibs) $(LDLIBS) -o $@

$(cutter): $(patsubst %.c,$B/%.o,$(addprefix tests/powercut/,disk.c disk_cut.c judge.c promises.c tape.c))

# Loaded into a daemon before the C library, whose calls have no prototypes of ours; no sanitizer.
$(preloads) $(failing): $B/%.so: %.c Makefile
	@echo "  LD   $@"
	@mkdir -p $(@D)
	$Q$(CC) $(cppflags) $(CPPFLAGS) -std=gnu17 -g -O2 -fPIC -shared $(warnings) $(CFLAGS) $< -o $@

$B/tests/powercut/record.so: tests/powercut/record.h

$(fuzzers): $B/%: $B/%.o $(standing) $(library)
	@echo "  LD   $@"
	$Q$(CC) $(ldflags) -fsanitize=fuzzer $(LDFLAGS) $(filter %.o,$^) $(library) $(ldlibs) $(LDLIBS) -o $@

$B/%.o: %.c Makefile
	@echo "  CC   $<"
	@mkdir -p $(@D)
	$Q$(CC) $(cppflags) $(CPPFLAGS) $(cflags) $(CFLAGS) -MMD -MP -c $< -o $@

$(assets:%=$B/%.o): $B/%.o: %
	@echo "  BIN  $<"
	@mkdir -p $(@D)
	$Q$(LD) -r -z noexecstack -b binary $< -o $@

# As it is and compressed: gateway/operate/assets.c gives browsers the one or the other.  Named from
# $B, so that a symbol is the same in every variant.
$(console:%=$B/%.o): $B/%.o: %
	@echo "  BIN  $<"
	@mkdir -p $(@D)
	$Qcp $< $B/$< && gzip -9nc $< >$B/$<.gz
	$Qcd $B && $(LD) -r -z noexecstack -b binary $< $<.gz -o $<.o

check: unit fixtures ## everything that needs no broker: a minute or two

testers: $(tests) ## build the unit tests

unit: $(tests) ## the unit tests
	$Qtests/unit/run $^

allocfail: ## each allocation of the unit tests fails once (ALLOCFAIL=arguments, as --seconds 600 --seed 7)
	$Q$(MAKE) --no-print-directory VARIANT=asan allocfailing

allocfailing: $(tests) $(failing)
	$Qtests/allocfail/run $(ALLOCFAIL) $(tests)

fixtures: $B/lienthong ## every adapter's fixtures
	$Q$< adapter check adapters/*/

FUZZ_SECONDS ?= 20
fuzz: ## every parser of outside bytes, FUZZ_SECONDS each, two at a time; finds are kept in build/fuzz
	$Q$(MAKE) --no-print-directory VARIANT=fuzz fuzzing

fuzzing: $(fuzzers)
	$Qprintf '%s\n' $^ | xargs -P 2 -I '{}' tests/fuzz/run '{}' $(FUZZ_SECONDS)

asan tsan: ## check, under a sanitizer
	$Q$(MAKE) --no-print-directory VARIANT=$@ check

probes: $(probes) $(cutter) $(preloads) ## what the end-to-end tests look through

deps: ## install what building and testing need: Debian packages (as root), build/venv
	$Qdeploy/install-deps test

e2e: all probes ## the whole gateway against a real broker and registry (PYTEST=arguments)
	$Qdeploy/install-deps test
	$QVARIANT=$(VARIANT) build/venv/bin/pytest -q tests/e2e $(PYTEST)

valgrind-e2e: ## the end-to-end tests with the daemon under valgrind (PYTEST=arguments, as -k restart)
	$Q$(MAKE) --no-print-directory VARIANT=debug all probes
	$Qdeploy/install-deps test
	$QLIENTHONG_VALGRIND=1 VARIANT=debug build/venv/bin/pytest -q tests/e2e $(PYTEST)

faults: all probes ## seeded runs of faults under load, judged from outside (FAULTS=arguments)
	$Qdeploy/install-deps test
	$Qbuild/venv/bin/python tests/faults/run $(FAULTS)

console: all ## the operators' console in a browser, before canned answers and a gateway (PYTEST=arguments)
	$Qdeploy/install-deps test
	$QVARIANT=$(VARIANT) build/venv/bin/pytest -q tests/console $(PYTEST)

test: ## everything: lint, unit, fixtures, sanitizers, end to end, faults, console; closes with a sum
	$Qtests/run

demo: ## a first look: three formats in, events and receipts out, on a broker in the process
	$Qdeploy/install-deps build
	$Q$(MAKE) --no-print-directory all
	$Qdeploy/demo

bench: all $(benches) ## accepted handoffs a second, beside a baseline (BENCH=arguments); operators' pages
	$Qdeploy/install-deps test
	$Qbuild/venv/bin/python tests/bench/run $(BENCH)
	$Qbuild/venv/bin/python tests/bench/operate.py views

soak: all ## 200 kills under load, ten minutes without a broker, an hour without a partner, 100,000 replays
	$Qdeploy/install-deps test
	$Qbuild/venv/bin/python tests/e2e/killloop.py --kills 200 --handoffs 20000
	$Qbuild/venv/bin/pytest -q -s tests/e2e/test_outage.py --outage-seconds 600
	$Qbuild/venv/bin/pytest -q -s tests/e2e/test_delivery_kill.py --delivery-kills 200
	$Qbuild/venv/bin/pytest -q -s tests/e2e/test_delivery_order.py --order-dossiers 1000 --order-events 20
	$Qbuild/venv/bin/pytest -q -s tests/e2e/test_delivery_outage.py --outage-seconds 3600
	$Qbuild/venv/bin/python tests/bench/operate.py replay

powercut: all probes ## 5,000 simulated power cuts over the spool and the files (POWERCUT=arguments)
	$Qdeploy/install-deps test
	$QVARIANT=$(VARIANT) build/venv/bin/python tests/powercut/run $(POWERCUT)

lint: ## folder layers, static analysis, function sizes, layout, shell scripts
	$Qtests/lint/run $(styled) -- $(scripts)

format: ## lay the sources out by .clang-format
	$Qclang-format -i $(styled)

# deploy/package-files lists what comes of it.
install: all ## programs, schemas, adapters, man pages, samples and the service, under DESTDIR and PREFIX
	install -D -t $(DESTDIR)$(PREFIX)/bin $(programs:%=$B/%)
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/lienthong/schemas schemas/*.avsc
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/lienthong/deploy deploy/lienthong.yaml \
	    deploy/partners.yaml deploy/agencies.csv deploy/operators.yaml deploy/alerts.yaml
	cp -r --no-preserve=ownership adapters $(DESTDIR)$(PREFIX)/share/lienthong/
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's|=/usr/local/|=$(PREFIX)/|' deploy/lienthong.service >$(DESTDIR)$(PREFIX)/lib/systemd/system/lienthong.service
	install -D -m 644 deploy/lienthong.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/lienthong.conf
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man1 docs/man/lienthong.1
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man8 docs/man/lienthongd.8

clean: ## remove everything built
	$(RM) -r build

help: ## show this list
	@awk -F ':.*## ' '/^[a-z][a-z0-9 -]*:.*## / { printf "  %-12s %s\n", $$1, $$2 }' Makefile

.PHONY: all check testers unit allocfail allocfailing valgrind-e2e fixtures fuzz fuzzing asan tsan probes deps e2e faults console test demo bench soak powercut lint format install clean help

-include $(shell find $B -name '*.d' 2>/dev/null)
