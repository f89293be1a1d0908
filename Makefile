# SPDX-License-Identifier: GPL-2.0-only
#
# The RSS controller: an overlay on Linux. "make help" lists the targets.

H := tools/testing/rss
FLAVOUR ?= release
FLAVOURS ?= release debug

export BASE KSRC STEP FORCE BASES ACCEL

.PHONY: help
help:
	@echo 'make run            install, build, boot: the 2007 scenario, live'
	@echo 'make shell          a shell in that guest'
	@echo 'make test           KUnit and kselftests, FLAVOURS="release debug", also kasan'
	@echo 'make kselftest      some, PROGRAMS=test_thp,test_ksm SETTINGS=n:always'
	@echo 'make harness-test   prove that the harness sees failures'
	@echo 'make bench          instructions per fault, against memcg'
	@echo 'make bench-record   the same, and put the table into Documentation/'
	@echo 'make check          checkpatch, sparse, W=1, kernel-doc, HTML, shellcheck, tools'
	@echo 'make off-check      built out, no instruction of the kernel differs'
	@echo 'make variants       it compiles without swap, NUMA, SMP, ... and on 32 bits'
	@echo 'make bisect         each step of the series compiles'
	@echo 'make tree           assemble build/linux; KSRC=tree or tarball'
	@echo 'make refresh        bring edits of build/linux back; STEP=NN'
	@echo 'make series         the series as mails, in build/series'
	@echo 'make series-check   assembly and mails are reproducible'
	@echo 'make bases          the series applies to other versions; what bases differ in'
	@echo 'make kernel         build FLAVOUR=release or debug'
	@echo 'make tools          build rssctl and rssd, in build/tools'
	@echo 'make deps           install the Debian packages all this needs'
	@echo 'make clean          remove build/'
	@echo 'BASE=6.12 or 7.2    for all of them: the kernel that the series is applied to'

.PHONY: deps
deps:
	@$(H)/deps.sh

.PHONY: tree
tree: deps
	@$(H)/tree/tree.sh

.PHONY: refresh series series-check bases
refresh:
	@$(H)/tree/refresh.sh
series: tree
	@$(H)/tree/series.sh
series-check: tree
	@$(H)/tree/series-check.sh
bases: deps
	@$(H)/tree/bases.sh

.PHONY: kernel off-check variants bisect
kernel: tree
	@$(H)/kernel/build.sh $(FLAVOUR)
off-check: tree
	@$(H)/kernel/off-check.sh
variants: tree
	@$(H)/kernel/variants.sh
bisect: tree
	@$(H)/kernel/bisect.sh

.PHONY: tools
tools: tree
	@$(H)/tools.sh

.PHONY: run shell test kselftest harness-test
run shell: FLAVOUR := release
run: kernel
	@$(H)/run.sh
shell: kernel
	@$(H)/shell.sh
test: tree
	@$(H)/test.sh $(FLAVOURS)
kselftest: tree
	@$(H)/kselftest.sh $(FLAVOUR) "$(PROGRAMS)" "$(SETTINGS)" $(PARAMETERS)
harness-test: kernel
	@$(H)/harness-test.sh $(FLAVOUR)

.PHONY: bench bench-record
bench: tree
	@$(H)/bench/bench.sh
bench-record: tree
	@$(H)/bench/record.sh

.PHONY: check
check: tree
	@$(H)/check/check.sh

.PHONY: clean
clean:
	rm -rf build

# The targets share build/linux; each uses all CPUs by itself.
.NOTPARALLEL:
