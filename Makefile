# make run    serves the page on http://127.0.0.1:8000 (PORT=, ARGS= for tectum serve)
# make test   lint, types, and every test that this machine can run
# make setup  what both need: system packages where this may install them, .venv, the web type checker
#
# Steps that have succeeded leave a stamp, so they run again only when what they depend on has changed.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help setup run test lint bench clean apt mic

# The first Python that is new enough; or make PYTHON=/path/to/python3.12.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/pip install --quiet --constraint constraints.txt
HOST   ?= 127.0.0.1
PORT   ?= 8000
ARGS   ?=

# PyAudio is compiled against PortAudio. Nothing else that serves needs a compiler or a system library.
APT_SERVE := python3-venv python3-dev gcc libc6-dev portaudio19-dev
# A real sound server and a real browser for the tests; Node runs the type checker of the web page.
APT_TEST  := pulseaudio pulseaudio-utils libasound2-plugins chromium fonts-dejavu-core \
	$(if $(shell command -v npm),,nodejs npm)

help:
	@sed -n 's/^# \{0,1\}//; 1,3p' Makefile

run: $(VENV)/.serve $(VENV)/.mic
	@$(open_browser) exec $(BIN)/tectum serve --host $(HOST) --port $(PORT) $(ARGS)

test: setup lint
	OMP_NUM_THREADS=1 $(BIN)/pytest --durations=10 $(ARGS)

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	npm --prefix web run --silent check

bench: $(VENV)/.test
	OMP_NUM_THREADS=1 $(BIN)/tectum bench $(ARGS)

setup: $(VENV)/.apt-test $(VENV)/.mic $(VENV)/.test web/node_modules/.stamp

# Installs the system packages of setup, without a virtual environment.
apt:
	@$(call apt_install,$(APT_SERVE) $(APT_TEST))

# Tries PyAudio again, after a compiler or PortAudio has been installed.
mic:
	@rm -f $(VENV)/.mic
	@$(MAKE) --no-print-directory $(VENV)/.mic

clean:
	rm -rf $(VENV) web/node_modules build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(BIN)/python:
	@if [ -z "$(PYTHON)" ]; then \
		echo "Tectum needs Python 3.11 or newer, and this machine has $$(python3 --version 2>&1 || true)." >&2; \
		echo "Install one and say where it is: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; exit 1; fi
	@$(call apt_install,$(APT_SERVE))
	$(PYTHON) -m venv $(VENV)

$(VENV)/.serve: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing Tectum (the first time takes minutes: torch is large) ..."
	$(PIP) --editable .
	@touch $@

$(VENV)/.test: pyproject.toml constraints.txt $(VENV)/.serve
	$(PIP) --editable '.[train,test]'
	@touch $@

# Optional: without a compiler or PortAudio, everything but this machine's own microphone works.
$(VENV)/.mic: $(VENV)/.serve
	@if $(PIP) --editable '.[mic]' >$(VENV)/mic.log 2>&1; then rm $(VENV)/mic.log; else \
		echo "PyAudio does not build here, so 'tectum listen mic' will not work; the browser's microphone will." >&2; \
		echo "The reason is in $(VENV)/mic.log. With gcc, python3-dev and portaudio19-dev installed: make mic" >&2; fi
	@touch $@

$(VENV)/.apt-test: | $(BIN)/python
	@$(call apt_install,$(APT_TEST))
	@touch $@

web/node_modules/.stamp: web/package.json web/package-lock.json | $(VENV)/.apt-test
	npm --prefix web ci --no-audit --no-fund
	@touch $@

# $(call apt_install,PACKAGES): installs those that are missing where that needs no password, else says what is missing.
define apt_install
missing=; for package in $(1); do \
	[ "$$(dpkg-query -W -f '$${db:Status-Status}' $$package 2>/dev/null)" = installed ] || missing="$$missing $$package"; \
done; \
if [ -z "$$missing" ]; then :; \
elif ! command -v apt-get >/dev/null; then echo "Not a Debian or Ubuntu; you may need the like of:$$missing" >&2; \
elif [ "$$(id -u)" = 0 ]; then export DEBIAN_FRONTEND=noninteractive; apt-get install -y -q --no-install-recommends $$missing; \
elif sudo -n true 2>/dev/null; then sudo -n DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$missing; \
else echo "You may need: sudo apt-get install --no-install-recommends$$missing" >&2; fi
endef

# Where there is a display: waits until the service is ready, then shows the page.
define open_browser
if [ -n "$${DISPLAY:-}$${WAYLAND_DISPLAY:-}" ]; then ( for _ in {1..60}; do sleep 0.5; \
	$(BIN)/python -c "import urllib.request as r; r.urlopen('http://$(HOST):$(PORT)/readyz')" 2>/dev/null && \
	exec $(BIN)/python -m webbrowser "http://$(HOST):$(PORT)/" >/dev/null; done ) & fi;
endef
