"""
Four patients for exports, with everything in them that an export could lose or tell: bounds, corrections, units,
products, a pulse by its name, formula-like and non-ASCII texts, leading zeros, times of other zones.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from monitoring.catalog import load_catalog
from monitoring.commands.taking import Named
from monitoring.cycle import Site, run_by_hand
from monitoring.exporting import Wanted, exported, write_parts
from monitoring.exports.about import About
from monitoring.exports.tables import Frames
from monitoring.raw_files import read_paths
from storage.engine import open_store
from tests.monitoring.small_ward import HandClock, site_settings

TAKEN_IN = datetime(2026, 6, 5, 9, 30, 15, 123456, tzinfo=UTC)
KEY = bytes(range(32))
AS_OF = datetime(2026, 6, 9, 7, tzinfo=UTC)  # a day on which nothing happened to anybody
PEOPLE = ["0071234", "Ødegård-Ünal", "=1+1+HINZ", "08154711"]
PATIENTS = """patient_id,birth_date,sex,weight_kg,height_cm,context,ward,bed,admitted_at
0071234,2015-02-03,female,30,135,sJIA,Rosenhof,Fenster-3,2026-05-31T10:15Z
Ødegård-Ünal,1931-04-17,male,71,172,AOSD,Rosenhof,Fenster-4,2026-05-30T08:20Z
=1+1+HINZ,2012-07-15,male,42,150,,Lilienhof,@Eck,2026-06-02T11:05Z
08154711,1990-11-30,female,60,168,SLE,Lilienhof,Tür-1,2026-06-01T12:40Z
"""
LABS = """patient_id,analyte,value,unit,collected_at,resulted_at,source_id,method,reference_low,reference_high,comment
0071234,ferritin,900,ng/mL,2026-06-01T06:00Z,2026-06-01T07:10Z,ACC-4711,call Dr Weiss,15,200,mother phoned
0071234,ferritin,2100,ug/L,2026-06-01T18:00+02:00,2026-06-01T19:10+02:00,ACC-4712,call Dr Weiss,15,200,
0071234,ferritin,>40000,ug/L,2026-06-02T06:00Z,2026-06-02T07:10Z,ACC-4713,call Dr Weiss,15,200,
0071234,ferritin,24000,ug/L,2026-06-03T06:00Z,2026-06-03T07:10Z,ACC-4714,call Dr Weiss,15,200,
0071234,fibrinogen,310,mg/dL,2026-06-01T06:00Z,2026-06-01T07:10Z,ACC-4715,,,,
0071234,fibrinogen,1.2,g/L,2026-06-03T06:00Z,2026-06-03T07:10Z,ACC-4716,,,,
0071234,platelets,140,10*9/L,2026-06-01T06:00Z,2026-06-01T07:10Z,ACC-4717,,,,
0071234,platelets,90,10*9/L,2026-06-03T06:00Z,2026-06-03T07:10Z,ACC-4718,,,,
0071234,crp,<0.6,mg/L,2026-06-03T06:00Z,2026-06-03T07:10Z,ACC-4719,,,,
Ødegård-Ünal,d_dimer_feu,5.5,mg/L FEU,2026-06-01T05:45Z,,=ACC-4720,Größe A,,,
Ødegård-Ünal,ferritin,3000,ug/L,2026-06-01T05:45Z,,=ACC-4721,Größe A,,,
=1+1+HINZ,ferritin,80,ug/L,2026-06-03T06:00Z,,ACC-4722,,,,
08154711,ferritin,1500,ug/L,2026-06-02T06:30Z,,ACC-4723,,,,
08154711,temperature,38.9,Cel,2026-06-02T06:30Z,,ACC-4724,,,,
"""
CORRECTED = """patient_id,analyte,value,unit,collected_at,resulted_at,source_id,method,reference_low,status
0071234,ferritin,2200,ug/L,2026-06-01T18:00+02:00,2026-06-01T19:10+02:00,ACC-4712,call Dr Weiss,15,corrected
"""
TREATMENTS = """patient_id,drug,dose,unit,route,started_at,ended_at,source_id
0071234,IVMP pulse,,,by Sister Anna,2026-06-01T08:00Z,,MED-31
0071234,fibrinogen_concentrate,2,g,iv,2026-06-02T20:00Z,,MED-32
0071234,anakinra,100,mg,sc,2026-06-03T08:00Z,2026-06-05T08:00Z,MED-33
08154711,Decortin,20,mg,po,2026-06-02T07:00Z,,MED-34
"""
FINDINGS = """patient_id,finding,value,observed_at
0071234,splenomegaly,yes,2026-06-01T09:00Z
0071234,temperature_c,39.4,2026-06-01T09:05Z
"""
FILTERS = {"patients": tuple(PEOPLE), "start": datetime(2026, 6, 1, 5, tzinfo=UTC)}  # everything lies after that
# What nobody may be known by: identifiers, places, numbers and words of the source; days are told apart below.
TELLING = [
    "0071234", "degård", "Ünal", "=1+1+HINZ", "08154711", "1931-04", "2015-02-03", "2012-07-15", "1990-11-30",
    "Rosenhof", "Lilienhof", "Fenster", "@Eck", "Tür-1", "ACC-", "MED-3", "Weiss", "Größe", "mother",
    "IVMP", "Decortin", "Sister", "Anna",
]  # fmt: skip
DAYS = ["2026-05-30", "2026-05-31", "2026-06-01", "2026-06-02", "2026-06-03", "2026-06-04", "2026-06-05"]


class ExportWard:
    """The ward in a store of its own; exports are written once and kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = HandClock(TAKEN_IN)
        self.site = self.new_site("site")
        self.exports: dict[tuple[Any, ...], Path] = {}
        self.parts: dict[Wanted, list[Frames]] = {}  # read once for all formats

    def new_site(self, name: str) -> Site:
        settings = site_settings(self.folder / name)
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        return Site(settings, open_store(settings.database_url), load_catalog(), self.clock)

    def take_in(self, site: Site, *paths: Path) -> dict[str, Any]:
        return run_by_hand(site, Named("ingest", read_paths(paths)), f"run-{self.clock.now:%H%M%S}")

    def export(self, how: str, *, identified: bool = False, **asked: Any) -> Path:
        """With every version and, where nobody is to be known, asked for by names and days that must not be told."""
        asked = {"versions": True} | ({} if identified else FILTERS) | asked
        told = (how, identified, *sorted(asked.items()))
        if told not in self.exports:
            self.exports[told] = self.folder / f"export-{len(self.exports)}"
            self.exports[told].mkdir()
            wanted = Wanted(as_of=asked.pop("as_of", AS_OF), key=None if identified else KEY, **asked)
            if wanted not in self.parts:
                self.parts[wanted] = list(exported(self.site.store, self.site.catalog, wanted))
            write_parts(self.parts[wanted], self.exports[told], About(wanted, self.site.catalog, how))
        return self.exports[told]


def filled(folder: Path) -> ExportWard:
    """Everything taken in on one morning, and an hour later a correction."""
    ward = ExportWard(folder)
    for name, text in {"patients": PATIENTS, "labs": LABS, "treatments": TREATMENTS, "findings": FINDINGS}.items():
        _write(folder / "first" / f"{name}.csv", text)
    _write(folder / "second" / "labs.csv", CORRECTED)
    assert ward.take_in(ward.site, folder / "first")["set_aside"] == 0
    ward.clock.now = TAKEN_IN + timedelta(hours=1)
    assert ward.take_in(ward.site, folder / "second")["corrected"] == 1
    return ward


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def csv_table(folder: Path, name: str) -> pd.DataFrame:
    """As text, nothing interpreted."""
    return pd.read_csv(folder / f"{name}.csv", dtype="str", keep_default_na=False)
