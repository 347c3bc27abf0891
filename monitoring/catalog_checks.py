"""What must hold between entries of the catalog once each entry by itself is right."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from monitoring.errors import CatalogError
from monitoring.lookup import drug_names, names_of, product_names
from monitoring.terms import LINES, Analyte, Catalog, Rule

ANALYTE_LISTS = ("analytes", "markers", "stable", "company")


def check(catalog: Catalog, site: str) -> None:
    """Raises CatalogError at the first fault; `site` is the path of the site's own file, or empty."""
    check_loinc(catalog)
    check_names(catalog)
    check_specimens(catalog)
    check_cutoffs(catalog)
    check_options(catalog)
    check_products(catalog)
    check_given_names(catalog)
    check_rules(catalog, site)


def check_loinc(catalog: Catalog) -> None:
    owner: dict[str, str] = {}
    for analyte in catalog.analytes.values():
        for code in analyte.loinc:
            if code in owner:
                raise wrong(analyte.code, "loinc", f"{code} is already a code of {owner[code]}")
            owner[code] = analyte.code


def wrong(analyte: str, field: str, message: str) -> CatalogError:
    return CatalogError("analytes.toml", analyte, field, message)


def check_names(catalog: Catalog) -> None:
    """A name may stand for several analytes only while the unit tells them apart."""
    sharing: dict[str, list[Analyte]] = defaultdict(list)
    for analyte in catalog.analytes.values():
        for name in names_of(analyte):
            for other in sharing[name]:
                refuse_shared_unit(name, analyte, other)
            sharing[name].append(analyte)
        check_case(analyte)


def refuse_shared_unit(name: str, analyte: Analyte, other: Analyte) -> None:
    both = {unit.casefold() for unit in analyte.units} & {unit.casefold() for unit in other.units}
    if both:
        unit = sorted(both)[0]
        raise wrong(analyte.code, "aliases", f"{name!r} in {unit!r} could also be {other.code}")


def check_case(analyte: Analyte) -> None:
    """Two units that differ in case alone must mean the same, or a feed in capitals would be read wrongly."""
    meaning: dict[str, tuple[float, float]] = {}
    for unit, conversion in analyte.units.items():
        if meaning.setdefault(unit.casefold(), conversion) != conversion:
            raise wrong(analyte.code, "units", f"{unit!r} differs from another unit in case alone")


def check_specimens(catalog: Catalog) -> None:
    known = set(catalog.specimen_aliases.values())
    for analyte in catalog.analytes.values():
        for name in analyte.specimens:
            if name not in known:
                raise wrong(analyte.code, "specimens", f"{name!r} is not a specimen of words.toml")


def check_cutoffs(catalog: Catalog) -> None:
    for analyte in catalog.analytes.values():
        low, high = analyte.plausible
        for cutoff in analyte.thresholds:
            if not low <= cutoff.value <= high:
                raise wrong(analyte.code, "thresholds", f"{cutoff.value:g} lies outside the plausible values")


def check_options(catalog: Catalog) -> None:
    for drug in catalog.drugs.values():
        for line in drug.option_after:
            if line not in LINES:
                raise CatalogError("drugs.toml", drug.code, "option_after", f"{line!r} is not a line of treatment")
        if drug.option_after and not (drug.option_order > 0 and drug.caution and drug.doses):
            raise CatalogError("drugs.toml", drug.code, "option_after", "an option needs order, caution and doses")
        if drug.starts_course and drug.prednisone_factor is None:
            raise CatalogError("drugs.toml", drug.code, "starts_course", "only a steroid starts a steroid course")


def check_products(catalog: Catalog) -> None:
    for product in catalog.products.values():
        if product.drug and product.drug not in catalog.drugs:
            raise CatalogError("products.toml", product.code, "drug", f"{product.drug!r} is not in drugs.toml")
        if (product.code in catalog.drugs) != (product.drug == product.code):
            raise CatalogError("products.toml", product.code, "drug", "should be its own code where drugs.toml has it")
        check_effects(catalog, product.code, [effect.analyte for effect in product.effects])


def check_effects(catalog: Catalog, product: str, touched: list[str]) -> None:
    for analyte in touched:
        if analyte not in catalog.analytes:
            raise CatalogError("products.toml", product, "effects", f"{analyte!r} is not in analytes.toml")
    if len(set(touched)) != len(touched):
        raise CatalogError("products.toml", product, "effects", "names the same analyte twice")


def check_given_names(catalog: Catalog) -> None:
    """Drugs and products share one namespace; the same code on both sides is the same substance."""
    owner: dict[str, str] = {}
    for file, code, names in all_given(catalog):
        for name in names:
            if owner.setdefault(name, code) != code:
                raise CatalogError(file, code, "aliases", f"{name!r} already stands for {owner[name]}")


def all_given(catalog: Catalog) -> Iterable[tuple[str, str, tuple[str, ...]]]:
    for drug in catalog.drugs.values():
        yield "drugs.toml", drug.code, drug_names(drug)
    for product in catalog.products.values():
        yield "products.toml", product.code, product_names(product)


def check_rules(catalog: Catalog, site: str) -> None:
    for rule in catalog.rules.values():
        if rule.analyte and rule.analyte not in catalog.analytes:
            raise CatalogError(
                "rules.toml", f"rule.{rule.code}", "analyte", f"{rule.analyte!r} is not in analytes.toml"
            )
        for field in ANALYTE_LISTS:
            check_listed(catalog, rule, field, site)
        check_company(catalog, rule, site)


def check_listed(catalog: Catalog, rule: Rule, field: str, site: str) -> None:
    for analyte in rule.parameters.get(field, ()):
        if analyte not in catalog.analytes:
            raise wrong_parameter(rule, field, site, f"{analyte!r} is not in analytes.toml")


def check_company(catalog: Catalog, rule: Rule, site: str) -> None:
    """Each marker that is weighed with another is a further one, once, and its variation has been measured."""
    weighed = rule.parameters.get("company", ())
    for place, analyte in enumerate(weighed):
        if analyte == rule.analyte or analyte in weighed[:place]:
            raise wrong_parameter(rule, "company", site, f"{analyte!r} would be counted twice")
    for analyte in (rule.analyte, *weighed) if weighed else ():
        if catalog.analytes[analyte].variation is None:
            raise wrong_parameter(rule, "company", site, f"{analyte!r} has no variation in analytes.toml")


def wrong_parameter(rule: Rule, field: str, site: str, message: str) -> CatalogError:
    """Where the number stands that is wrong: in the site's own file, or in ours."""
    if rule.sources[field].cite == ("site",):
        return CatalogError(site, rule.code, field, message)
    return CatalogError("rules.toml", f"rule.{rule.code}", f"parameters.{field}", message)
