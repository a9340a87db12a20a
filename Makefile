# Out of the Ravine: every command of the course. `make help` lists the targets.
#
#   PYTHON       the Python (3.11 or newer) that makes the virtual environment
#   TORCH_INDEX  an index to take PyTorch from, e.g. one with CPU-only wheels; empty: the usual one
#   PORT         where `make serve` listens
#   ROUNDS       how often `make soak` grades the same class, of each of GRADED
#   GRADED       assignments whose sample class is graded; one shows that everything works: make sample GRADED="adam momentum"
#
# A stamp in _build/stamps says when a step last succeeded; its prerequisites are the files that the step reads.

PYTHON ?= python3
TORCH_INDEX ?=
PORT ?= 8000
GRADED ?= gradient-descent
WORKERS ?= 2
ROUNDS ?= 20

VENV := .venv
BIN := $(VENV)/bin
STAMPS := _build/stamps
INSTALLED := $(VENV)/installed
SAMPLE := _build/sample
PUBLIC := _build/public
KERNEL := src/proctor/kernelspec
STEPS := $(PYTHON) -I src/proctor/steps.py
STEP := $(STEPS) run

# Generated: made again when a file in it was edited or removed, which its directories' times show.
NOTEBOOKS := $(shell find notebooks/ -not -path '*.ipynb_checkpoints*' 2>/dev/null)
MASTERS := $(shell find solutions -name '*.md' 2>/dev/null)
CHAPTERS := $(shell find book -name '*.md' 2>/dev/null)
BOOK := $(shell find book -type f -not -path '*.ipynb_checkpoints*' 2>/dev/null)
RAVINE := $(shell find src/ravine -type f -not -name '*.pyc' 2>/dev/null)
SITE_CODE := $(shell find src/proctor/site -type f -not -name '*.pyc' 2>/dev/null) src/proctor/build.py src/proctor/executed.py
# What `make bench` runs; the other scripts of benchmarks/ are for `make soak`, or made a committed result.
BENCHMARKS := optimizer_steps optimizers grading
# What decides a grade: all of proctor but the tools around it.
TOOLS := build executed steps suites serve publish doctor kernel provisioner cluster cluster_worker scheduler
GRADING := $(filter-out $(TOOLS:%=src/proctor/%.py),$(wildcard src/proctor/*.py src/proctor/templates/*))
RELEASING := $(patsubst %,src/proctor/%.py,assignment masters release markers checksums files)

.DEFAULT_GOAL := all
.NOTPARALLEL:
.DELETE_ON_ERROR:
.SECONDEXPANSION:
.PHONY: all help install system notebooks site sample publish serve test check lint bench soak clean check-python summary

all: check-python ## Set up, build the site, grade a sample class, and say where everything is (the default)
	@$(STEPS) begin
	@$(MAKE) --no-print-directory install notebooks site sample
	@$(MAKE) --no-print-directory summary

install: $(INSTALLED) ## Make .venv and install the pinned packages and the course's own
notebooks: $(STAMPS)/notebooks ## Generate notebooks/ from solutions/ and book/
site: $(STAMPS)/site ## Build the site into _build/html
sample: $(GRADED:%=$(STAMPS)/graded-%) ## Write a sample class into _build/sample and grade it (GRADED="adam momentum")

test: system install site ## Run every test: lint, ravine, proctor, house, book, notebooks (SUITES="book house" for some)
	@$(BIN)/python -m proctor.suites --workers $(WORKERS) $(SUITES)

check: install ## Run the quick part of the tests: lint, fast tests, generated files current
	@$(BIN)/python -m proctor.suites --fast --workers $(WORKERS)

lint: install ## Check format and style of all Python
	@$(BIN)/python -m proctor.suites lint

serve: site ## Serve the site on this machine and rebuild it when a source changes
	@$(BIN)/python -m proctor.serve --port $(PORT)

publish: site ## Write the public tree (no solutions, no hidden tests) into _build/public and audit it
	@$(STEP) "Write the public tree" -- $(BIN)/proctor publish $(PUBLIC)
	@$(STEP) "Audit the public tree" -- $(BIN)/proctor audit --tree $(PUBLIC)

bench: sample ## Run the measuring scripts of benchmarks/: speed ratios, and the results that are too long for a page
	@set -e; for script in $(BENCHMARKS); do $(BIN)/python "benchmarks/$$script.py"; done

soak: sample ## Run the grader's tests with the full numbers: repeat, kill, damage, 1,000 students, 20 seeds, all attacks
	@status=0; \
	$(STEP) "Grade the same class $(ROUNDS) times" -- $(BIN)/python benchmarks/repeat.py $(GRADED) --rounds $(ROUNDS) || status=1; \
	$(STEP) "Kill the grader 20 times and resume" -- $(BIN)/python benchmarks/resume.py --kills 20 || status=1; \
	$(STEP) "Read 1000 damaged notebooks and grade 100" -- $(BIN)/python benchmarks/fuzz.py --notebooks 1000 --graded 100 || status=1; \
	$(STEP) "Grade a class of 100 and one of 1000" -- $(BIN)/python benchmarks/scale.py --students 100 1000 || status=1; \
	$(STEP) "Judge every wrong answer with 20 seeds" -- $(BIN)/proctor verify --wrong-seeds 20 || status=1; \
	$(STEP) "Try every attack" -- $(BIN)/python -m pytest -q tests/proctor/attacks || status=1; \
	exit $$status

clean: ## Remove everything that is generated, but not .venv and not notebooks/
	rm -rf _build _nbgrader .jupyter_cache .pytest_cache .ruff_cache .hypothesis

help: ## List the targets
	@grep -hE '^[a-z][a-z-]*:.*## ' $(firstword $(MAKEFILE_LIST)) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | \
	while IFS='|' read -r name text; do printf '%-18s %s\n' "$$name" "$$text"; done
	@echo; echo "  PYTHON=$(PYTHON)  TORCH_INDEX=$(TORCH_INDEX)  PORT=$(PORT)  WORKERS=$(WORKERS)"

# ---- what the targets above are made of

summary:
	@$(STEPS) summary \
	  --place "The site=_build/html/index.html" \
	  --place "Notebooks for students=notebooks/" \
	  --place "Sources for nbgrader=_nbgrader/source/" \
	  --place "The sample class=$(SAMPLE)/submitted/" \
	  --place "Its feedback=$(SAMPLE)/feedback/" \
	  --place "Its gradebook=$(SAMPLE)/gradebook.db" \
	  --place "Its grades=$(SAMPLE)/grades/"
	@echo; echo "Look at the site with 'make serve'; run the tests with 'make test'."

check-python:
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON) here. Install Python 3.11 or newer, or name one: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	{ echo "The course needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Name another one: make PYTHON=python3.12"; exit 1; }

$(INSTALLED): requirements.txt pyproject.toml $(KERNEL)/kernel.json | check-python
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	{ v=$$($(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	  echo "$(PYTHON) cannot make virtual environments: Debian and Ubuntu keep that in a package of its own. As root: apt-get install python$$v-venv"; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || \
	$(STEP) "Make the virtual environment" -- $(PYTHON) -m venv --clear $(VENV)
	@test -z "$(TORCH_INDEX)" || \
	$(STEP) "Install PyTorch from its own index" -- $(BIN)/python -m pip install --progress-bar off --index-url "$(TORCH_INDEX)" "$$(sed -n 's/^\(torch==[^ ]*\).*/\1/p' requirements.txt)"
	@$(STEP) "Install the packages" -- $(BIN)/python -m pip install --progress-bar off -r requirements.txt -e ".[dev]"
	@$(STEP) "Install the notebook kernel" --stamp $@ -- $(BIN)/jupyter kernelspec install --sys-prefix --name ravine $(KERNEL)

# The slash matters: `notebooks` is a target, `notebooks/` the directory, whose time shows a removed assignment.
$(STAMPS)/notebooks: $(MASTERS) $(CHAPTERS) $(NOTEBOOKS) $(RELEASING) _config.yml $(INSTALLED)
	@$(STEP) "Generate the notebooks" --stamp $@ -- $(BIN)/proctor release

# proctor.build compares contents, so this costs a second when nothing but times has changed.
$(STAMPS)/site: $(BOOK) $(STAMPS)/notebooks $(RAVINE) $(SITE_CODE) _toc.yml requirements.txt
	@$(STEP) "Build the site" --stamp $@ -- $(BIN)/python -m proctor.build

$(STAMPS)/class: $(wildcard solutions/*/*.py) $(wildcard src/proctor/sample_class.py) $(STAMPS)/notebooks
	@$(STEP) "Write the sample class" --stamp $@ -- $(BIN)/proctor sample-class $(SAMPLE)

# Exit status 3 says that there is no sandbox here: the sentence is shown, and everything else is built.
$(STAMPS)/graded-%: $(STAMPS)/class $(GRADING) $(RAVINE) $$(wildcard solutions/$$*/*)
	@$(STEP) "Grade the sample class: $*" --stamp $@ --skip-on 3 -- $(BIN)/proctor grade $* --submissions $(SAMPLE)/submitted

# Chromium for the browser tests, bubblewrap and libseccomp for the sandbox, git and venv for a bare machine: Debian's packages.
system: ## Install Chromium, bubblewrap and libseccomp where this is Debian and you are root; else say what is missing
	@missing=; root=; \
	command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || missing="$$missing chromium"; \
	command -v bwrap >/dev/null || missing="$$missing bubblewrap"; \
	$(PYTHON) -c 'import ctypes; ctypes.CDLL("libseccomp.so.2")' 2>/dev/null || missing="$$missing libseccomp2"; \
	$(PYTHON) -c 'import ensurepip' 2>/dev/null || missing="$$missing python3-venv"; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ]; then root=env; elif [ "$$CI" = true ] && sudo -n true 2>/dev/null; then root="sudo -n env"; fi; \
	if [ -n "$$root" ] && command -v apt-get >/dev/null; then \
	  $(STEP) "Read the system's package list" -- $$root apt-get update -q && \
	  $(STEP) "Install$$missing" -- $$root DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$missing; \
	else echo "Missing on this machine:$$missing. Tests that need them will fail. Debian, Ubuntu, as root: apt-get install$$missing"; fi
