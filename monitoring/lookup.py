"""Finding a catalog entry by what a feed calls it. Plain functions over a Catalog; build the tables once per run."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping

from monitoring.terms import Analyte, Catalog, Drug, Product
from monitoring.units import normal_unit, without_basis

Conversion = tuple[float, float]


def plain_name(text: str) -> str:
    """A name as it is compared: compatibility forms resolved, case folded, spaces trimmed and single."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def names_of(analyte: Analyte) -> tuple[str, ...]:
    return distinct((analyte.code, analyte.label, *analyte.aliases))


def drug_names(drug: Drug) -> tuple[str, ...]:
    """Not the short form: it labels a chart, and in an order "SIL" or "ASP" may be another substance."""
    return distinct((drug.code, drug.label, *drug.aliases, *drug.high_dose_names, *drug.rxnorm, *drug.atc))


def product_names(product: Product) -> tuple[str, ...]:
    return distinct((product.code, product.label, *product.aliases))


def distinct(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(plain_name(name) for name in names))


def analyte_names(catalog: Catalog) -> dict[str, tuple[str, ...]]:
    """Plain name, alias or code -> the analytes it may stand for; the unit decides between several."""
    found: dict[str, list[str]] = defaultdict(list)
    for analyte in catalog.analytes.values():
        for name in names_of(analyte):
            found[name].append(analyte.code)
    return {name: tuple(codes) for name, codes in found.items()}


def loinc_codes(catalog: Catalog) -> dict[str, str]:
    """LOINC code -> analyte."""
    return {code: analyte.code for analyte in catalog.analytes.values() for code in analyte.loinc}


def given_names(catalog: Catalog) -> dict[str, str]:
    """Plain name, alias, code, RxCUI or ATC code -> drug or product. A substance that is both has one code."""
    drugs = {name: drug.code for drug in catalog.drugs.values() for name in drug_names(drug)}
    products = {name: product.code for product in catalog.products.values() for name in product_names(product)}
    return products | drugs


def high_dose_names(catalog: Catalog) -> dict[str, str]:
    """Plain names that by themselves say a high dose ("methylprednisolone pulse") -> drug."""
    return {plain_name(name): drug.code for drug in catalog.drugs.values() for name in drug.high_dose_names}


def conversion(analyte: Analyte, unit: str) -> Conversion | None:
    """(factor, offset) for a unit as reported; None when this analyte is not reported in it."""
    normal = normal_unit(unit)
    return analyte.units.get(normal) or in_any_case(analyte.units, normal)


def in_any_case(units: Mapping[str, Conversion], normal: str) -> Conversion | None:
    """A feed in capitals still says its unit, as long as only one meaning fits."""
    return only(found for unit, found in units.items() if unit.casefold() == normal.casefold())


def only(found: Iterable[Conversion]) -> Conversion | None:
    meanings = set(found)
    return meanings.pop() if len(meanings) == 1 else None


def identify(catalog: Catalog, candidates: tuple[str, ...], unit: str) -> tuple[str, Conversion] | None:
    """
    Which of the candidates is meant, and how its unit becomes ours; None when the unit fits none of them.

    Where code or name left one candidate only, a D-dimer's unit need not repeat the basis (FEU, DDU).
    """
    fitting = [(code, conversion(catalog.analytes[code], unit)) for code in candidates]
    meant = [(code, found) for code, found in fitting if found is not None]
    if len(meant) == 1:
        return meant[0]
    if meant or len(candidates) != 1:
        return None
    found = in_any_case(bases_left_out(catalog.analytes[candidates[0]]), normal_unit(unit))
    return (candidates[0], found) if found else None


def bases_left_out(analyte: Analyte) -> dict[str, Conversion]:
    return {without_basis(unit): found for unit, found in analyte.units.items() if without_basis(unit) != unit}


def specimen(catalog: Catalog, text: str) -> str | None:
    """The specimen's name here; None when the text is not known as a specimen."""
    return catalog.specimen_aliases.get(plain_name(text))
