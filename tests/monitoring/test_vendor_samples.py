"""
Messages and resources as laboratories and records of several makers and countries write them, made up for this test.

Each is read as whoever reads the paper report would read it, or set aside with the reason that is true.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from monitoring.sifting import Taken
from tests.monitoring.fhir_fixture import LOINC, observation, quantity, read_text
from tests.monitoring.hl7_fixture import doses, reads

Lab = tuple[str, str, float, str]  # analyte, comparator, value, unit


def labs(taken: Taken) -> list[Lab]:
    frame = taken.facts.get("observations")
    if frame is None:
        return []
    told = zip(frame["analyte"], frame["comparator"], frame["value"].round(4), frame["unit"], strict=True)
    return sorted((str(name), str(sign), float(value), str(unit)) for name, sign, value, unit in told)


def hl7(*results: str, version: str = "2.5.1", charset: str = "", order: str = "") -> str:
    head = f"MSH|^~\\&|LIS|LAB|||20260106070000+0100||ORU^R01|1|P|{version}||||||{charset}"
    order = order or "OBR|1||26P-006ZZ0012|CHEM^Chemistry^L|||20260106053000+0100"
    return "\r".join([head, "PID|1||4711^^^LAB^MR||Doe^Jo||20150304|F", order, *results]) + "\r"


EPIC = hl7(
    "OBX|1|NM|LAB68^FERRITIN^BKR^2276-4^Ferritin [Mass/volume] in Serum or Plasma^LN||12345|ng/mL|8-252|HH|||F",
    "NTE|1|L|Verified by dilution.",
    "SPM|1|26P-006ZZ0012&Beaker||SER^Serum^HL70487|||||||||||||20260106053200+0100",
    order="OBR|1|123456^EPC|26P-006ZZ0012^Beaker|LAB68^FERRITIN^BKR|||20260106053200+0100",
)
CERNER = hl7("OBX|1|SN|2276-4^Ferritin Lvl^LN^321654^Ferritin Lvl^CERNER||>^40000|ng/mL^ng/mL^ISO+|30^-^400|HI|||F")
# the caret of the unit is not escaped
MEDITECH = hl7(
    "OBX|1|ST|PLT^PLATELET COUNT^L||45|10^3/uL|150-400|L|||F",
    "OBX|2|ST|CRP^C REACTIVE PROTEIN^L||<0.5|mg/dL|<0.5||||F",
    version="2.2",
)
SUNQUEST = hl7(
    "OBX|1|NM|HGB^Hemoglobin^SQ^718-7^Hemoglobin^LN||9.2|g/dL|12.0-16.0|L|||F",
    "OBX|2|NM|WBC^WBC^SQ^6690-2^Leukocytes^LN||2.1|K/uL|4.5-11|L|||F",
)
# flags beside the number, and thousands parted where a decimal point stands elsewhere in the message
PRINTED = hl7(
    "OBX|1|ST|1988-5^CRP^LN||187 H|mg/L|||||F",
    "OBX|2|NM|3255-7^Fibrinogen^LN||*85|mg/dL|||||F",
    "OBX|3|ST|2276-4^Ferritin^LN||> 100,000|ng/mL|8.5-252.0||||F",
)
GERMAN = hl7(
    "OBX|1|NM|FERR^Ferritin^L||1.234,5|µg/l|13-150|+|||F",
    "OBX|2|NM|CRP^C-reaktives Protein^L||156,3|mg/l|<5,0|+|||F",
    "OBX|3|NM|THRO^Thrombozyten^L||67|/nl|150-400|-|||F",
    "OBX|4|NM|SIL2^lösl. IL-2-Rezeptor^L||8200|U/ml|<710|+|||F",
    "OBX|5|NM|DDIM^D-Dimere^L||5,2|mg/l FEU|<0,5|+|||F",
)
DUTCH = hl7(
    "OBX|1|NM|TROM^Trombocyten^L||45|10*9/l|||||F",
    "OBX|2|NM|BSE^Bezinking^L||12|mm/uur|||||F",
    "OBX|3|NM|FIB^Fibrinogeen^L||0,9|g/l|||||F",
)
BRITISH = hl7(
    "OBX|1|NM|FER^Serum ferritin^WP||15400|ug/L|30 - 400|H|||F",
    "OBX|2|NM|TRIG^Triglycerides^WP||4.6|mmol/L|0.5 - 1.7|H|||F",
    "OBX|3|NM|AST^AST^WP||345|IU/L|||||F",
    version="2.3",
)
JAPANESE = hl7(
    "OBX|1|NM|5C090000002302301^フェリチン^JC10^2276-4^Ferritin^LN||3456|ng/mL^ng/mL^99XYZ|5-157|H|||F",
    "OBX|2|NM|2A990000001930952^血小板数^JC10^777-3^PLT^LN||4.5|10*4/uL|15-35|L|||F",
    charset="~ISO IR87",
)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(EPIC, [("ferritin", "", 12345.0, "ug/L")], id="Beaker"),
        pytest.param(CERNER, [("ferritin", ">", 40000.0, "ug/L")], id="Oracle"),
        pytest.param(MEDITECH, [("crp", "<", 5.0, "mg/L"), ("platelets", "", 45.0, "10*9/L")], id="Meditech"),
        pytest.param(SUNQUEST, [("hemoglobin", "", 92.0, "g/L"), ("wbc", "", 2.1, "10*9/L")], id="Sunquest"),
        pytest.param(
            PRINTED,
            [("crp", "", 187.0, "mg/L"), ("ferritin", ">", 100000.0, "ug/L"), ("fibrinogen", "", 0.85, "g/L")],
            id="as printed",
        ),
        pytest.param(
            GERMAN,
            [
                ("crp", "", 156.3, "mg/L"), ("d_dimer_feu", "", 5200.0, "ug/L FEU"), ("ferritin", "", 1234.5, "ug/L"),
                ("platelets", "", 67.0, "10*9/L"), ("sil2r_units", "", 8200.0, "U/mL"),
            ],
            id="German",
        ),
        pytest.param(
            DUTCH,
            [("esr", "", 12.0, "mm/h"), ("fibrinogen", "", 0.9, "g/L"), ("platelets", "", 45.0, "10*9/L")],
            id="Dutch",
        ),
        pytest.param(
            BRITISH,
            [("ast", "", 345.0, "U/L"), ("ferritin", "", 15400.0, "ug/L"), ("triglycerides", "", 4.6, "mmol/L")],
            id="British",
        ),
        pytest.param(
            JAPANESE.encode("iso2022_jp"),
            [("ferritin", "", 3456.0, "ug/L"), ("platelets", "", 45.0, "10*9/L")],
            id="Japanese",
        ),
    ],
)  # fmt: skip
def test_a_message_is_read_as_its_paper_report_would_be(content: str | bytes, expected: list[Lab]) -> None:
    taken = reads(content)
    assert labs(taken) == expected
    assert taken.refused == []


@pytest.mark.parametrize(
    ("value", "sign"),
    [(">40000.0 ng/mL", ">"), ("greater than 40000", ">"), ("Less than 40000", "<"), ("40000 NG/ML", "")],
)
def test_a_value_that_says_its_unit_again_or_its_bound_in_words_is_read(value: str, sign: str) -> None:
    assert labs(reads(hl7(f"OBX|1|ST|2276-4^Ferritin^LN||{value}|ng/mL|||||F"))) == [
        ("ferritin", sign, 40000.0, "ug/L")
    ]


def test_the_last_digit_of_a_number_is_never_taken_for_its_unit() -> None:
    """A platelet count of 110 in units of 10*9/L that the laboratory writes as 10: not 1."""
    (one,) = reads(hl7("OBX|1|NM|777-3^PLT^LN||110|10|||||F")).refused
    assert (one.reason, one.fields["value"]) == ("unknown_unit", "110")
    assert labs(reads(hl7("OBX|1|ST|777-3^PLT^LN||45 10*9/L|10*9/L|||||F"))) == [("platelets", "", 45.0, "10*9/L")]


def test_results_told_by_specimen_are_each_of_the_specimen_before_their_order() -> None:
    """OUL^R22: serum for the ferritin, urine for a protein whose LOINC code is that of blood."""
    segments = [
        "MSH|^~\\&|LAW|LAB|||20260106070000+0100||OUL^R22^OUL_R22|1|P|2.5.1",
        "PID|1||4711^^^LAB^MR||Doe^Jo||20150304|F",
        "SPM|1|S1||SER^Serum^HL70487|||||||||||||20260106053000+0100",
        "OBR|1||26P-0001|FER^Ferritin^L",
        "OBX|1|NM|2276-4^Ferritin^LN||500|ng/mL|||||F",
        "OBR|2||26P-0002|CRP^CRP^L",
        "OBX|1|NM|1988-5^CRP^LN||50|mg/L|||||F",
        "SPM|2|S2||UR^Urine^HL70487|||||||||||||20260106053000+0100",
        "OBR|3||26P-0003|CREA^Creatinine^L",
        "OBX|1|NM|2160-0^Creatinine^LN||5|mg/dL|||||F",
    ]
    taken = reads("\r".join(segments) + "\r")
    assert labs(taken) == [("crp", "", 50.0, "mg/L"), ("ferritin", "", 500.0, "ug/L")]
    assert taken.facts["observations"]["specimen"].unique().tolist() == ["serum"]
    assert [one.reason for one in taken.refused] == ["wrong_specimen"]


@pytest.mark.parametrize(
    ("value", "beside", "said"),
    [
        ("12,345", "8-252", "may stand for a decimal point or for thousands"),
        ("1.234", "<5,0", "a point that may stand for thousands"),
    ],
)
def test_a_number_that_can_be_read_in_two_ways_is_set_aside(value: str, beside: str, said: str) -> None:
    """12,345 with nothing that proves a mark; 1.234 beside a number that can only have a decimal comma."""
    (one,) = reads(hl7(f"OBX|1|NM|2276-4^Ferritin^LN||{value}|ng/mL|{beside}||||F", proof(beside))).refused
    assert (one.reason, said in one.sentence) == ("not_a_number", True)


def proof(beside: str) -> str:
    value = "156,3" if "," in beside else "156"
    return f"OBX|2|NM|1988-5^CRP^LN||{value}|mg/L|||||F"


def test_a_letter_behind_a_number_without_a_unit_may_be_the_unit_and_is_no_flag() -> None:
    (one,) = reads(hl7("OBX|1|ST|2276-4^Ferritin^LN||187 H||||||F")).refused
    assert one.reason in ("not_a_number", "unknown_unit")


def test_an_infusion_is_known_by_its_substance_whatever_the_pharmacy_writes_around_it() -> None:
    named = "methylPREDNISolone sodium succinate (PF) 1,000 mg in sodium chloride 0.9 % 100 mL IVPB"
    content = "\r".join([
        "MSH|^~\\&|EMAR|X|||20260106120000+0000||RAS^O17|R1|P|2.5.1", "PID|||12345^^^GHH^MR||EVERY^EVE||19610615|F",
        "ORC|RE|RX123^EMAR", f"RXA|0|1|20260106080000+0000|20260106090000+0000|^{named}^NDC|1000|mg|||||||||||||CP",
        "RXR|IV^Intravenous",
    ])  # fmt: skip
    told = doses(reads(content + "\r"))
    assert told[["given", "amount", "unit"]].to_numpy().tolist() == [["methylprednisolone", 1000.0, "mg"]]


def test_what_is_dissolved_in_something_unknown_or_is_another_salt_stays_unknown() -> None:
    for named in ("methylprednisolone acetate 40 mg intra-articular", "dexamethasone in thiotepa 4 mg"):
        content = (
            "MSH|^~\\&|EMAR|X|||20260106120000+0000||RAS^O17|R1|P|2.5.1\rPID|||12345^^^GHH^MR\rORC|RE|RX123^EMAR\r"
            f"RXA|0|1|20260106080000+0000||^{named}^NDC|40|mg|||||||||||||CP\r"
        )
        assert [one.reason for one in reads(content).refused] == ["unknown_drug"], named


BEYOND = ("ferritin", ">", 40000.0, "ug/L")
LOCAL = {"system": "urn:oid:1.2.840.114350.1.13.0.1.7.5.737384.0", "code": "FERR", "display": "FERRITIN"}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param(
            {
                "code": {"coding": [LOCAL, {"system": LOINC, "code": "2276-4"}], "text": "Ferritin"},
                "specimen": {"reference": "Specimen/s", "display": "Specimen 26P-006ZZ0012"},
                "valueQuantity": quantity(12345),
            },
            ("ferritin", "", 12345.0, "ug/L"), id="Epic",
        ),
        pytest.param({"valueQuantity": quantity(40000, comparator=">")}, BEYOND, id="Oracle"),
        pytest.param({"valueQuantity": None, "valueString": ">40000 ng/mL"}, BEYOND, id="text"),
        pytest.param(
            {"code": {"coding": [{"system": "http://loinc.org/", "code": "2276-4"}]}},
            ("ferritin", "", 812.0, "ug/L"), id="a slash behind the system",
        ),
        pytest.param(
            {
                "code": {"coding": [{"system": LOINC, "code": "777-3"}]},
                "valueQuantity": {"value": 88, "unit": "x10E3/uL"},
            },
            ("platelets", "", 88.0, "10*9/L"), id="no code of the unit",
        ),
        pytest.param(
            {
                "code": {"coding": [{"system": LOINC, "code": "777-3"}]},
                "valueQuantity": quantity(4.5, "10*4/uL"),
            },
            ("platelets", "", 45.0, "10*9/L"), id="Japanese",
        ),
        pytest.param(
            {
                "code": {"coding": [{"system": LOINC, "code": "3255-7"}]}, "valueQuantity": quantity(0.98, "g/L"),
                "subject": {"reference": "Patient/lena", "identifier": {"system": "https://uk.de", "value": "1"}},
            },
            ("fibrinogen", "", 0.98, "g/L"), id="German",
        ),
    ],
)  # fmt: skip
def test_a_resource_is_read_as_its_paper_report_would_be(fields: dict[str, Any], expected: Lab) -> None:
    taken = read_text(json.dumps(observation(**fields)))
    assert (labs(taken), taken.refused) == ([expected], [])
