# What people do every day; `just` lists it.

default:
    @just --list

# the main job on the embedded default: assess, match, explain, serve
demo:
    uv run --no-dev passport demo

# all tests
test *ARGS:
    uv run pytest {{ARGS}}

# format, lint, types and import contracts
check:
    uv run ruff format .
    uv run ruff check --fix .
    uv run mypy
    uv run lint-imports

# what continuous integration runs
ci:
    bash .ci/run

# remake the checked-in pilot (simulated people and vacancies)
pilot:
    uv run python -m data.synthetic.generate --people 600 --vacancies 200 --employers 40 --seed 1 --out data/synthetic/pilot
