# `make demo` runs the whole method in miniature; `make test` runs all checks that each change must pass.
# Both first set up .venv from the lock, requirements.txt.
PYTHON ?= python3
CORES ?= 2
VENV := .venv
STAMP := $(VENV)/.installed
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
# At the miniature's size, two processes with one thread are faster than one process with two threads.
export OMP_NUM_THREADS := 1
export OMP_WAIT_POLICY := PASSIVE
export HF_HUB_DISABLE_TELEMETRY := 1

.PHONY: help setup demo whole test test-faults test-slurm cluster-up cluster-down speed lint lock docs clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(STAMP)  ## create .venv from the lock, with the library and its command in it

$(STAMP): requirements.txt requirements-no-deps.txt pyproject.toml setup.py
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Python 3.11 or later is needed: make PYTHON=python3.11"'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-no-deps.txt
	# The library itself, in editable mode, with the command `refinement`; the lock pins the setuptools that build it.
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $(STAMP)

demo: setup  ## run the method in miniature, and print its main table
	snakemake --cores $(CORES) demo
	@cat results/miniature/tables/table2.md
	@echo "Tables:  results/miniature/tables/   (also .csv and .tex)"
	@echo "Figures: results/miniature/figures/  (.svg, .pdf, .png)"
	@echo "Records: results/miniature/          (docs/records.md says what each file is)"
	@echo "The rest (ablations, controls, claims, the page to read): make whole"

whole: setup  ## run everything: also ablations, controls, claims, and the result page
	snakemake --cores $(CORES)
	@echo "Page:    results/miniature/report.html (all of it, for a browser or a printer)"

lint: setup  ## formatting, style, and Snakemake's own checks
	ruff format --check .
	ruff check .
	snakefmt --check -l 120 Snakefile rules
	snakemake --lint

test: setup lint  ## lint, unit tests and workflow tests, including the reduced miniature
	pytest -n $(CORES) --dist loadfile --no-loadscope-reorder -m "not faults and not slurm and not speed" tests/workflow tests/unit

test-faults: setup  ## kill the workflow at random moments; execute all canonical solutions repeatedly under load
	pytest -m faults

# Without SLURM, the tests are skipped with one line.
test-slurm: setup  ## start a real SLURM here, and test a run, failing jobs and nodes, and kills
	pytest -m slurm

cluster-up: setup  ## start SLURM on this machine, to try the profile (needs slurm-wlm and munge)
	python tests/support/slurm.py up

cluster-down: setup  ## stop the SLURM of cluster-up
	python tests/support/slurm.py down

speed: setup  ## measure the speed of several parts against alternatives
	pytest -m speed -s

lock:  ## make requirements.txt from requirements.in
	rm -rf .lock-venv
	$(PYTHON) -m venv .lock-venv
	.lock-venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.in
	{ echo '# The lock: made by `make lock` from requirements.in.'; \
	  .lock-venv/bin/python -m pip freeze --all --exclude pip --exclude-editable | sed -E 's/\+cpu//' | grep -viE '^nvidia-|^triton=|^cuda-'; } > requirements.txt
	rm -rf .lock-venv

clean:  ## remove results (keeps .venv)
	rm -rf results .snakemake

docs: setup  ## make the generated pages of docs/ again
	python docs/make_reference.py records > docs/records.md
	python docs/make_reference.py config > docs/config.md
	python docs/make_reference.py results > docs/results.md
	python docs/draw_workflow.py
	python docs/draw_architecture.py
	python docs/fill_readme.py targets
