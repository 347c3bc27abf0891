"""EXAMPLES.md of a tidy export: how to begin with pandas, DuckDB and R. A test runs the first two as they stand."""

from __future__ import annotations

from pathlib import Path

from monitoring.exports.about import About

FILE = "EXAMPLES.md"
PANDAS = """import pandas as pd
import plotly.express as px

labs, responses = {pandas_labs}, {pandas_responses}
first = responses.query("course_no == 1 and hours == 48")[["patient_id", "verdict"]]
ferritin = labs.query("analyte == 'ferritin' and hours_since_steroid.notna()").merge(first, on="patient_id")
ferritin["hours"] = (ferritin["hours_since_steroid"] / 12).round() * 12
median = ferritin.groupby(["verdict", "hours"], as_index=False)["value"].median()
px.line(median, x="hours", y="value", color="verdict", log_y=True).write_html("ferritin.html")
"""
DUCKDB = """import duckdb
import plotly.express as px

median = duckdb.sql(\"\"\"
    SELECT verdict, 12 * round(hours_since_steroid / 12) AS hours, median(value) AS ferritin, count(*) AS n
    FROM {duck_labs} JOIN {duck_responses} USING (patient_id)
    WHERE analyte = 'ferritin' AND hours_since_steroid IS NOT NULL AND course_no = 1 AND responses.hours = 48
    GROUP BY ALL ORDER BY ALL
\"\"\").df()
px.line(median, x="hours", y="ferritin", color="verdict", log_y=True).write_html("ferritin.html")
"""
R = """library({r_library}); library(dplyr); library(ggplot2)

labs <- {r_labs}
responses <- {r_responses}
first <- responses |> filter(course_no == 1, hours == 48) |> select(patient_id, verdict)
labs |>
  filter(analyte == "ferritin", !is.na(hours_since_steroid)) |>
  inner_join(first, by = "patient_id") |>
  mutate(hours = 12 * round(hours_since_steroid / 12)) |>
  group_by(verdict, hours) |>
  summarise(ferritin = median(value), .groups = "drop") |>
  ggplot(aes(hours, ferritin, colour = verdict)) + geom_line() + scale_y_log10()
ggsave("ferritin.pdf")
"""
PLAIN = """import duckdb

print(duckdb.sql("SELECT analyte, count(*) AS n, median(value) FROM {duck_labs} GROUP BY ALL ORDER BY n DESC"))
"""


def write_examples(about: About, folder: Path) -> None:
    words = _words(about.profile, split=bool(about.wanted.partition))
    blocks = [("DuckDB", "python", PLAIN)] if about.wanted.facts else [
        ("pandas", "python", PANDAS), ("DuckDB", "python", DUCKDB), ("R", "r", R),
    ]  # fmt: skip
    lines = [
        "# Beginning with these tables",
        "",
        "Run in this folder. What each column means stands in DICTIONARY.md; a bound such as >40000 has its limit in "
        "`value` and its sign in `comparator`, and a value with `usable` false was moved by a product.",
        "",
    ]
    for name, language, code in blocks:
        lines += [f"## {name}", "", f"```{language}", code.format(**words).rstrip(), "```", ""]
    (folder / FILE).write_text("\n".join(lines), encoding="utf-8")


def _words(profile: str, *, split: bool) -> dict[str, str]:
    """How each program opens a table of this format."""
    csv = profile == "csv"
    words = {"r_library": "readr" if csv else "arrow"}
    for name in ("labs", "responses"):
        path = name if split else f"{name}.{profile}"
        spread = f"read_parquet('{name}/*/*.parquet')" if split else f"'{path}'"
        collected = f'collect(open_dataset("{name}"))' if split else f'read_parquet("{path}")'
        # an identifier of digits alone is a text: it may begin with zeros. readr takes a text that is empty in the
        # first 1,000 rows for a truth, and what follows, a sign beside a bound, for nothing.
        words |= {
            f"pandas_{name}": f'pd.read_csv("{path}", dtype={{"patient_id": "str"}})' if csv else
                              f'pd.read_parquet("{path}")',
            f"duck_{name}": (f"read_csv('{path}', types = {{'patient_id': 'VARCHAR'}})" if csv else spread) +
                            f" AS {name}",
            f"r_{name}": f'read_csv("{path}", guess_max = Inf, col_types = cols(patient_id = "c"))' if csv else
                         collected,
        }  # fmt: skip
    return words
