"""The `passport` command. Thin: every command hands over to a service or to `api.terminal`.

Exit codes: 0 done; 1 something failed that is not your doing; 2 the arguments or a file are wrong (the message says
what came and what was expected); 130 stopped with Ctrl-C. Nothing heavy is imported before a command needs it.
"""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

FAILED, WRONG = 1, 2

app = typer.Typer(
    name="passport",
    help="Skills passports: assess soft skills, match people and vacancies both ways, serve it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
token_app = typer.Typer(help="Bearer tokens for the API.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(token_app, name="token")


class Side(StrEnum):
    VACANCIES = "vacancies"
    PEOPLE = "people"


class StaffRole(StrEnum):
    EMPLOYER = "employer"
    CASEWORKER = "caseworker"
    ADMIN = "admin"


@app.command()
def demo(
    serve: Annotated[bool, typer.Option(help="Serve the result afterwards; --no-serve ends instead.")] = True,
    out: Annotated[Path, typer.Option(help="Folder for matches.parquet and matches.csv.")] = Path(),
    host: Annotated[str, typer.Option()] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8000,
) -> None:
    """Do the whole road once: load the simulated pilot into a fresh database, match everyone, explain, serve."""
    from api.settings import Settings
    from api.terminal import demo as terminal

    base = Settings()
    settings = base.model_copy(update={"data": base.data / "demo", "database_url": None})
    terminal.run(settings, out)
    if serve:
        typer.echo(f"\nServing on http://{host}:{port} - stop with Ctrl-C.")
        _serve(settings.data, host, port, workers=1)


@app.command()
def assess(
    language: Annotated[str | None, typer.Option(help="en or nl; asked when not given.")] = None,
    answers: Annotated[Path | None, typer.Option(help="CSV with columns item, option: answer from a file.")] = None,
    resume: Annotated[str | None, typer.Option(help="The code shown when you stopped.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, max=2**31 - 1, help="Ask the same questions again.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the passport as JSON and nothing else.")] = False,
) -> None:
    """Take the assessment in the terminal, in English or Dutch; stop when you like and go on later."""
    from rich.console import Console

    from api.settings import Settings
    from api.terminal.assess import sit

    code = sit(
        Settings(),
        language=language,
        answers=answers,
        resume=resume,
        seed=seed,
        as_json=json,
        console=Console(highlight=False),
    )
    raise typer.Exit(code)


@app.command()
def match(
    people: Annotated[Path, typer.Argument(help="People: Parquet or CSV.")],
    vacancies: Annotated[Path, typer.Argument(help="Vacancies: Parquet or CSV.")],
    out: Annotated[Path, typer.Option(help="Where the matches go; .csv or .parquet.")],
    top: Annotated[int, typer.Option(min=1, max=1000, help="How many for each.")] = 20,
    side: Annotated[
        Side, typer.Option(help="Best people for vacancies, or best vacancies for people.")
    ] = Side.VACANCIES,
    seed: Annotated[int, typer.Option(min=0, help="Orders people with equal fits.")] = 0,
) -> None:
    """Rank people and vacancies from files; needs no database."""
    from api.terminal import match as terminal

    terminal.run(people, vacancies, out, top=top, side=side.value, seed=seed)


@app.command()
def calibrate(
    answers: Annotated[Path, typer.Argument(help="Answers: Parquet or CSV with person, item, option.")],
    out: Annotated[Path, typer.Option(help="Where the parameters go, as CSV.")],
    report: Annotated[Path | None, typer.Option(help="Folder for report.html and report.json.")] = None,
    enough: Annotated[int, typer.Option(min=1, help="Answers an item needs to be calibrated.")] = 250,
    anchor: Annotated[
        Path | None, typer.Option(help="Parameters of an earlier calibration: its calibrated items keep their numbers.")
    ] = None,
) -> None:
    """Estimate item parameters from many people's answers, with a report; needs no database."""
    from api.terminal import calibrate as terminal

    terminal.run(answers, out, report=report, enough=enough, anchor=anchor)


@app.command()
def rescore(
    organisation: Annotated[str, typer.Option(help="Whose people.")],
) -> None:
    """Issue passports again from the stored answers, by the items as they are now; older passports are kept."""
    from api.settings import Settings
    from api.terminal import rescore as terminal

    with _session(Settings()) as session:
        if not terminal.run(session, organisation):
            raise typer.BadParameter("expected the name of an organisation we know", param_hint="--organisation")


@app.command()
def serve(
    host: Annotated[str, typer.Option()] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Server processes.")] = 1,
) -> None:
    """Serve the API and the pages; brings the database up to date first and works on jobs itself."""
    from api.settings import Settings

    _migrate(Settings())
    _serve(None, host, port, workers)


@app.command()
def worker() -> None:
    """Work on queued jobs until stopped; start as many as you like, on any machine with the same database."""
    from api.settings import Settings
    from api.terminal import worker as terminal

    settings = Settings()
    _migrate(settings)
    terminal.run(settings)


@app.command()
def migrate() -> None:
    """Bring the database to the newest version."""
    from api.settings import Settings

    _migrate(Settings())
    typer.echo("The database is up to date.")


@token_app.command("create")
def token_create(
    role: Annotated[StaffRole, typer.Option(help="What the holder may do.")],
    organisation: Annotated[str, typer.Option(help="Name of the organisation; made when new.")],
    days: Annotated[int | None, typer.Option(min=1, max=3650, help="Expires after so many days.")] = None,
) -> None:
    """Print a new bearer token and nothing else; it is shown only this once."""
    from api.access import Role
    from api.services.accounts import found_organisation
    from api.settings import Settings

    name = " ".join(organisation.split())
    if not name or len(name) > 200 or not name.isprintable():
        raise typer.BadParameter("expected a name of 1 to 200 printable characters", param_hint="--organisation")
    with _session(Settings()) as session:
        plain = found_organisation(session, name, Role(role.value), expires_in_days=days)
        session.commit()
    typer.echo(plain)


@app.command()
def load(
    organisation: Annotated[str, typer.Option(help="Who guides the people, or offers vacancies without employer.")],
    people: Annotated[Path | None, typer.Option(help="People: Parquet or CSV.")] = None,
    vacancies: Annotated[Path | None, typer.Option(help="Vacancies: Parquet or CSV.")] = None,
    employers: Annotated[Path | None, typer.Option(help="Employers of the vacancies: Parquet or CSV.")] = None,
) -> None:
    """Load people with their passports, and vacancies, from files: all of it or nothing."""
    from api.services import bulk
    from api.settings import Settings

    if people is None and vacancies is None:
        raise typer.BadParameter("expected --people, --vacancies or both")
    with _session(Settings()) as session:
        if people is not None:
            total, measured = bulk.load_people(session, people, organisation)
            typer.echo(f"{total} people, {measured} with a passport")
        if vacancies is not None:
            typer.echo(f"{bulk.load_vacancies(session, vacancies, organisation, employers)} vacancies")
        session.commit()


def _session(settings):  # type: ignore[no-untyped-def]
    from api.store.session import make_engine, migrate, sessions

    engine = make_engine(settings)
    migrate(engine)
    return sessions(engine)()


def _migrate(settings) -> None:  # type: ignore[no-untyped-def]
    from api.store.session import make_engine, migrate

    migrate(make_engine(settings))


def _serve(data: Path | None, host: str, port: int, workers: int) -> None:
    import uvicorn

    # the server processes read their settings from the environment, so what this command decided goes there
    os.environ["PASSPORT_EMBEDDED_WORKER"] = "true"
    if data is not None:
        os.environ["PASSPORT_DATA"] = str(data.absolute())
        os.environ.pop("PASSPORT_DATABASE_URL", None)
    uvicorn.run(
        "api.app:create_app",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        access_log=False,
        server_header=False,
        log_level="warning",
        timeout_graceful_shutdown=10,
    )


def main() -> None:
    """Run the command; say in one line what is wrong, never in a traceback, when a person can mend it."""
    from api.errors import FileFault

    try:
        app()
    except FileFault as fault:
        typer.echo(str(fault), err=True)
        sys.exit(WRONG)
    except OSError as error:
        typer.echo(f"{error.strerror or error}: {error.filename or ''}".rstrip(": "), err=True)
        sys.exit(FAILED)
