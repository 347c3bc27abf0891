"""datapackage.json (Data Package v2) and DICTIONARY.md: what the files are, column by column."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monitoring.exports import examples
from monitoring.exports.about import About, instant, program, write_json, written
from monitoring.exports.fields import Field, Table

FILE, DICTIONARY = "datapackage.json", "DICTIONARY.md"
PROFILE = "https://datapackage.org/profiles/2.0/"
MEDIA = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet", "json": "application/json"}
OWN = {FILE, DICTIONARY, examples.FILE}
CELLS = (
    "A text that a spreadsheet would take for a formula, or pandas, polars, DuckDB or R for a number, a moment, a "
    "truth (T) or nothing (NA, None), begins with one apostrophe more than it has; `maswatch ingest` takes it off. The "
    "hospital's own identifiers stay as they are: where all are digits, name patient_id as text to keep leading zeros. "
    "A value as reported has its unit behind it (219 ug/L, or 219 (no unit))."
)
GUESSED = (
    "So whoever reads a file without arguments finds the types that are named here, with these limits. pandas, "
    "polars and R keep times as texts. pandas has whole numbers with gaps as broken ones, and truths with gaps as"
    " objects. DuckDB has whole days as dates (birth_date). A column that is empty in all rows has no type. "
    "polars guesses from the first 100 rows, DuckDB from some thousand: patients who show what the columns hold "
    "stand first, and else in order. In R, readr takes a text that is empty in the first 1,000 rows for a truth and "
    "what follows for nothing: tell it guess_max = Inf. Parquet files need no guess."
)
# What the reference checker does to Parquet: it counts no bytes there, and takes a missing number for one out of range.
# So sizes and hashes of Parquet files stand in about.json alone, and of the constraints those that missing ones keep.
UNCHECKED = ("bytes", "hash")
RANGES = ("minimum", "maximum")


def write_described(about: About, folder: Path, tables: Mapping[str, Table]) -> None:
    """What goes with the tidy formats: the dictionary, examples to begin with, and the package."""
    write_dictionary(about, folder)
    examples.write_examples(about, folder)
    write_package(about, folder, tables)


def write_package(about: About, folder: Path, tables: Mapping[str, Table]) -> None:
    """`tables`: path of a file -> what stands in it; other files of data are told without columns."""
    files = [path for path in written(folder) if path.name not in OWN]
    told = {
        "$schema": f"{PROFILE}datapackage.json",
        "name": f"maswatch-{about.profile}",
        "title": about.layout.title,
        "description": about.layout.description,
        "version": program(),
        "created": instant(about.wanted.as_of),
        "resources": [_resource(about, path, folder, tables) for path in files],
    }
    write_json(folder / FILE, told)


def _resource(about: About, path: Path, folder: Path, tables: Mapping[str, Table]) -> dict[str, Any]:
    name, kind = path.relative_to(folder).as_posix(), path.suffix[1:]
    table = tables.get(name)
    whole = table and "/" not in name
    told = {
        "name": table.name if table and whole else _slug(name.removesuffix(path.suffix)),
        "path": name,
        "format": kind,
        "mediatype": MEDIA.get(kind, "application/octet-stream"),
        "bytes": path.stat().st_size,
        "hash": f"sha256:{about.sha256(path)}",
    }
    if table is None:
        return told
    if kind == "parquet":
        told = {key: value for key, value in told.items() if key not in UNCHECKED}
    words = {"type": "table", "title": table.title, "description": table.description, "encoding": "utf-8"}
    return told | words | {"schema": _schema(table, RANGES if kind == "parquet" else ())}


def _slug(name: str) -> str:
    return "".join(sign if sign.isalnum() else "-" for sign in name.casefold())


def _schema(table: Table, without: tuple[str, ...]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "fields": [_field(one, without) for one in table.fields],
        "missingValues": [""],
        "primaryKey": list(table.key),
    }
    if table.name != "patients":
        reference = {"resource": "patients", "fields": ["patient_id"]}
        told["foreignKeys"] = [{"fields": ["patient_id"], "reference": reference}]
    return told


def _field(one: Field, without: tuple[str, ...]) -> dict[str, Any]:
    told = {"name": one.name, "type": one.type, "title": one.title, "description": one.description}
    if one.type == "datetime":
        told["format"] = "default"
    if one.unit:
        told["unit"] = one.unit
    kept = {key: value for key, value in one.constraints.items() if key not in without}
    constraints = kept | ({"required": True} if one.name == "patient_id" else {})
    return told | ({"constraints": constraints} if constraints else {})


def write_dictionary(about: About, folder: Path) -> None:
    lines = [f"# {about.layout.title}", "", about.layout.description, "", *_how_to_read(about)]
    for table in about.tables:
        lines += [f"## {table.name}: {table.title}", "", table.description, "", f"Key: {', '.join(table.key)}.", ""]
        lines += ["| column | type | unit | meaning |", "| --- | --- | --- | --- |", *map(_row, table.fields), ""]
    lines += _analytes(about)
    (folder / DICTIONARY).write_text("\n".join(lines), encoding="utf-8")


def _how_to_read(about: About) -> list[str]:
    told = ["Times are UTC. An empty cell is missing."]
    if about.profile == "csv":
        return [" ".join([*told, CELLS, GUESSED, *about.notes]), ""]
    return [" ".join([*told, "Every column has its type: nothing needs to be told to whoever reads them."]), ""]


def _row(one: Field) -> str:
    allowed = f" One of: {', '.join(one.constraints['enum'])}." if "enum" in one.constraints else ""
    return f"| {one.name} | {one.type} | {one.unit} | **{one.title}.** {one.description}{allowed} |"


def _analytes(about: About) -> list[str]:
    known = about.catalog.analytes.values()
    rows = [f"| {one.code} | {one.label} | {one.unit} | {' '.join(one.loinc)} |" for one in known]
    findings = [f"| {code} | {label} |" for code, label in about.catalog.findings.items()]
    return [
        "## Analytes", "", "| code | name | unit | LOINC |", "| --- | --- | --- | --- |", *rows, "",
        "## Findings", "", "| code | name |", "| --- | --- |", *findings, "",
    ]  # fmt: skip
