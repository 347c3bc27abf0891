"""Files for the machine it runs on, filled from the settings: units, container, proxies, alerts, lists."""

from __future__ import annotations

from pathlib import Path

import click

from monitoring.commands.site import Asked, asked

KINDS = (
    "systemd", "container", "proxy", "prometheus", "grafana", "reference", "security", "upgrading", "sbom",
)  # fmt: skip


@click.command()
@click.argument("kind", metavar="KIND", type=click.Choice(KINDS))
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder to write to; else to stdout.")
@click.option("--overwrite", is_flag=True, help="Replace files of those names.")
@click.option("--user", default="maswatch", show_default=True, help="Whom the program runs as.")
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True)
@click.option("--lock", type=click.Path(path_type=Path), help="For sbom and container: another requirements.lock.")
@asked
def deploy(
    asked: Asked, kind: str, out: Path | None, *, overwrite: bool, user: str, port: int, lock: Path | None
) -> None:
    """
    Write what the machine needs beside the program, filled from the settings.

    KIND: systemd, container, proxy, prometheus, grafana, reference, security, upgrading or sbom.
    """
    from monitoring.deploy.bill import LOCK
    from monitoring.deploy.writing import Machine, checked_user

    machine = Machine(asked.settings, checked_user(user), port)
    files = _files(kind, machine, lock or LOCK)
    if out is None:
        return _print(files)
    for file in _placed(files, out, overwrite=overwrite):
        click.echo(f"{file} is written.", err=True)
    return None


def _files(kind: str, machine: object, lock: Path) -> dict[str, str]:
    import json

    from monitoring.deploy.bill import bill, runtime_lock
    from monitoring.deploy.reference import table
    from monitoring.deploy.writing import Machine, written

    assert isinstance(machine, Machine)
    if kind == "reference":
        return {"reference.md": table()}
    if kind == "sbom":
        return {"maswatch.cdx.json": json.dumps(bill(lock), indent=2, ensure_ascii=False) + "\n"}
    if kind == "container":
        return {**written(kind, machine), "requirements.runtime.lock": runtime_lock(lock)}
    return written(kind, machine)


def _print(files: dict[str, str]) -> None:
    for name, text in files.items():
        if len(files) > 1:
            click.echo(f"# ==> {name}")
        click.echo(text, nl=False)


def _placed(files: dict[str, str], folder: Path, *, overwrite: bool) -> list[Path]:
    """None is written where one is there already and may not be replaced."""
    from monitoring.errors import DeployError

    there = [name for name in files if (folder / name).exists()]
    if there and not overwrite:
        raise DeployError(f"{folder / there[0]} is there already; name another folder, or say --overwrite.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise DeployError(f"{folder} cannot be written to: {error.strerror}.") from None
    return [folder / name for name in files]
