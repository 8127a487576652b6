# `make run` and `make test` set themselves up: python3, pip and make are all they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
FLOWS := $(sort $(patsubst workflows/%.arazzo.yaml,%,$(wildcard workflows/*.arazzo.yaml)))

.PHONY: run test soak bench bench-peers check format clean

run: $(STAMP) ## run the bundled flows on the embedded sandbox; ARGS="--fault drop,rate=0.1" makes it hard
	@$(BIN)/arazzo run --quiet $(FLOWS) $(ARGS)

test: $(STAMP) ## run the test suite on every core; ARGS="-n0 tests/engine" runs a part of it in this process
	@$(BIN)/python -m pytest -q -n auto $(ARGS)

soak: $(STAMP) ## try for long what the tests try in short; ARGS="flows --flows 5000", ARGS="fuzz --minutes 1"
	@$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check --no-input -e '.[fuzz]' || \
		echo 'atheris cannot be installed here: nothing is fuzzed by coverage'
	@$(BIN)/python -m tests.faults.soak $(ARGS)

bench: $(STAMP) ## measure what runs cost, beside the other tools that are here; ARGS="start --alone", ARGS=--where
	@$(BIN)/python -m tests.bench $(ARGS)

bench-peers: $(STAMP) ## install the other tools that `make bench` compares with, those that can be
	@$(BIN)/python -m tests.bench.peers

check: $(STAMP) ## format, lint and types, as CI checks them
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# `--without-pip` and `pip --python`: some systems ship python3 and pip, but not ensurepip.
$(STAMP): pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv --without-pip $(VENV)
	@$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check --no-input -e '.[dev,durable]'
	@$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check --no-input -e '.[browser]' || \
		echo 'playwright cannot be installed here: the HTML report is not tested in a browser'
	@touch $@

clean:
	rm -rf $(VENV)
