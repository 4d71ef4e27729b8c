"""What a notice's words say of devices, lots and serials; what is not understood is said to be so."""

from typing import Any

import pytest

from lotwatch.recall.reading import Clause, Range, kept, near_key, number_key, read

EMPTY: dict[str, Any] = {
    "title": None, "product_description": None, "reason": None, "action": None, "body": None, "code_info": None,
    "more_code_info": None, "udi_dis": [], "catalogue_numbers": [], "attachments": [],
}  # fmt: skip


def readings(**notice: Any) -> list[dict[str, Any]]:
    return [clause.reading() for clause in read(EMPTY | notice)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Lot # 014603  USE BY: 9/2018", [{"lots": ["014603"]}]),
        ("REF A1: Lots 1, 2; REF B2: All lots", [{"refs": ["A1"], "lots": ["1", "2"]}, {"refs": ["B2"], "every": True}]),
        ("BB14 Lot Numbers: 5-S1, **5-S2", [{"refs": ["BB14"], "lots": ["5-S1", "5-S2"]}]),
        ("models: B38, Lot Number: 5; B38NS, Lot Number: 7", [{"refs": ["B38"], "lots": ["5"]}, {"refs": ["B38NS"], "lots": ["7"]}]),
        ("Lot/Codes: K1 (exp. 2017-09), K2", [{"lots": ["K1", "K2"]}]),
        ("Lot Numbers/Expiration Dates: 1) 77/Expiration Date: 05/30/2022; 2) 78/No Expiration Date", [{"lots": ["77"]}, {"lots": ["78"]}]),
        ("Item #: RTL 10433", [{"refs": ["RTL10433"]}]),
        ("Lots 55, 56 (2 boxes)", [{"lots": ["55", "56"]}]),
        ("Batch No. ＡＢ１，ab2", [{"lots": ["AB1", "AB2"]}]),
        ("lot A1, serial S1", [{"lots": ["A1"], "serials": ["S1"]}]),
        ("Lot/Serial Number: X1", [{"either": ["X1"]}]),
        ("Lots 101 (REF AA1); 103 (REF AA2)", [{"refs": ["AA1"], "lots": ["101"]}, {"refs": ["AA2"], "lots": ["103"]}]),
        ("All lots except 1A, 1B", [{"every": True, "without": ["1A", "1B"]}]),
        ("Lots expiring before 2027-01-01", [{"dates": [{"of": "expires", "first": None, "last": "2027-01-01", "sure": True}]}]),
        ("(01)04012345000016(17)270101(10)G1", [{"dis": ["04012345000016"], "lots": ["G1"]}]),
        ("Serial numbers beginning with 12", [{"ranges": [{"what": "serial", "first": "12*", "last": "12*", "sure": False}]}]),
        ("Lots A1, and others ending in X", [{"lots": ["A1"], "ranges": [{"what": "lot", "first": "*X", "last": "*X", "sure": False}]}]),
        ("Serial numbers 5000 and higher", [{"ranges": [{"what": "serial", "first": "5000", "last": "", "sure": True}]}]),
        ("批号A100及以下", [{"ranges": [{"what": "lot", "first": "", "last": "A100", "sure": True}]}]),
        ("Lots 1, 2, etc.", [{"lots": ["1", "2"], "more": True}]),
        ("Lots 1, 2. No other lots are affected", [{"lots": ["1", "2"]}]),
        ("Lots 21-001/002", [{"lots": ["21-001/002"], "doubtful": ["21-001", "002", "21-002"]}]),
        ("Lot 104523-28", [{"lots": ["104523-28"], "ranges": [{"what": "lot", "first": "104523", "last": "104528", "sure": False}]}]),
        ("REF 50XX, lots 1, 2", [{"refs": ["50??"], "lots": ["1", "2"]}]),
        ("REF 5001 to 5010: All lots", [{"refs": ["5001", "5001..5010", "5010"], "every": True}]),
        ("Lot Numbers/Expiration Dates: 58440\t12/26/2014 57416\t2/5/2015", [{"lots": ["58440", "57416"]}]),
        ("Product Code #: 03B11LP-Lot #'s: G4RW5U", [{"refs": ["03B11LP"], "lots": ["G4RW5U"]}]),
        ("批号：B01至B20（B10除外）", [{"without": ["B10"], "ranges": [{"what": "lot", "first": "B01", "last": "B20", "sure": True}]}]),
        ("一、型號SP-1，批號：S1、S2", [{"refs": ["SP-1"], "lots": ["S1", "S2"]}]),
        ("识别信息（如批号）：全部", [{"every": True}]),
        ("本次召回仅涉及批号H7，不涉及其他型号及其他批次", [{"lots": ["H7"]}]),
        ("REF\tLot\tQty\nA-1\t11, 12\t500\n\t13\t600\nB-2\tall\t7", [{"refs": ["A-1"], "lots": ["11", "12"]}, {"refs": ["A-1"], "lots": ["13"]}, {"refs": ["B-2"], "every": True}]),
        ("| UDI | Batch |\n|---|---|\n| 04012345000016 | 5-7 |", [{"dis": ["04012345000016"], "lots": ["5-7"], "ranges": [{"what": "lot", "first": "5", "last": "7", "sure": False}]}]),
        ("除批号A1、A2外的所有批次", [{"without": ["A1", "A2"], "every": True}]),
        ("型号规格：A-100；生产批号：20230101、20230102", [{"refs": ["A-100"]}, {"refs": ["A-100"], "lots": ["20230101", "20230102"]}]),
        ("生产日期2024年1月1日至2024年3月31日的所有批次", [{"every": True, "dates": [{"of": "manufactured", "first": "2024-01-01", "last": "2024-03-31", "sure": True}]}]),
    ],
)  # fmt: skip
def test_what_is_understood(text: str, expected: list[dict[str, Any]]) -> None:
    assert readings(code_info=text) == expected


@pytest.mark.parametrize(
    ("text", "doubtful"),
    [
        ("Lots 12345XX, 12346**", ["12345??", "12346**"]),
        ("Lots 123, 124, 125...", ["125*"]),
        ("Lots 123, 124,", []),
        ("Lots: JT13607, JT17507, JT35207, JT09008, JT1130", ["JT1130*"]),
        ("Lots 123, 124 and others", []),
        ("Lots 11 and 12 are not affected", []),
        ("Serial numbers beginning with 12, 4711", []),
        ("Serial numbers below 2000", []),
        ("Lots 1000+", []),
        ("Lots > 1000", []),
        ("Lots 2017-09, 2017-10", ["2017-09", "2017-10"]),
        ("lot A 1234", ["A1234"]),
        ("326902, 402802", []),
        ("Motorola Solutions PCS3000 Laser", []),
        ("批号：20230101、20230102等", []),
        ("批号20230101以后的产品", []),
        ("REF A1 lots 1, 2, REF B2", []),
        ("Serial numbers 10,000 to 12,500", ["10000", "10", "000", "12500", "12", "500"]),
        ("批号A1、A2除外", []),
        ("REF\tLot\nA-1\t11 -\n12", []),
        ("Replacement:\nREF\tLot\nA-1\t11", []),
    ],
)
def test_what_is_not_understood_makes_a_clause_unclear(text: str, doubtful: list[str]) -> None:
    clauses = read(EMPTY | {"code_info": text})
    assert not all(clause.clear for clause in clauses)
    assert [number for clause in clauses for number in clause.doubtful] == doubtful


def test_a_model_that_is_named_elsewhere_is_no_lot() -> None:
    described = {"product_description": "Bladder; Models: BB14 (individual, sterile) and BB14NS"}
    assert readings(**described, code_info="Lot 17, BB14") == [
        {"refs": ["BB14", "BB14NS"]}, {"refs": ["BB14"], "lots": ["17"]},
    ]  # fmt: skip


def test_of_a_letter_what_has_nothing_to_do_with_lots_is_passed_over() -> None:
    letter = (
        "Dear customer,\nwe recall REF T-7.\nLOT NUMBERS: 4711, 4712\n4713\nReturn all units.\nCall +49 351 12345.\n"
        "All lots not listed above are unaffected."
    )
    assert readings(body=letter) == [
        {"refs": ["T-7"]}, {"refs": ["T-7"], "lots": ["4711", "4712"]}, {"refs": ["T-7"], "lots": ["4713"]},
    ]  # fmt: skip
    for unclear in ("The lots are in the attached table.", "Lots shipped after May 2024, too."):
        assert any("residue" in each for each in readings(body=f"{letter}\n{unclear}"))


def test_a_clause_says_where_it_stands_and_is_kept_whole() -> None:
    text = "  REF A1: Lots 1 to 9;\n lot range B20-B30, all lots made before May 2024"
    for clause in read(EMPTY | {"code_info": text}):
        assert clause.text == text[clause.starts : clause.ends]
        assert kept(clause.field, clause.starts, clause.ends, clause.text, clause.reading()) == clause


@pytest.mark.parametrize(
    ("given", "key", "within"),
    [
        (("100", "200"), "150", True),
        (("100", "200"), "201", False),
        (("100", "200"), "0150", None),
        (("A100", "A200"), "A150", True),
        (("A100", "A200"), "B150", False),
        (("A100", "A200"), "A150X", None),
        (("99", "101"), "100", None),
        (("X1", "Y9"), "X5", None),
        (("A100", ""), "A100", True),
        (("A100", ""), "A099", False),
        (("A100", ""), "A1000", None),
        (("A100", ""), "B100", None),
        (("", "A100"), "A099", True),
        (("", "A100"), "A101", False),
        (("12*", "12*"), "1234", None),
        (("12*", "12*"), "0-1 2".replace(" ", ""), None),
        (("*X", "*X"), "12Y", False),
    ],
)
def test_a_range_holds_numbers_of_its_own_numbering(given: tuple[str, str], key: str, within: bool | None) -> None:
    assert Range("lot", *given, sure=True).holds(key) is within


def test_a_letter_is_read_as_it_came() -> None:
    mail = "> Dear all,\n> REF A-1, lots 11, 12 and\n> 13.\n> Kind regards"
    assert readings(body=mail) == [{"refs": ["A-1"], "lots": ["11", "12"]}, {"refs": ["A-1"], "lots": ["13"]}]
    form = "FSN Ref: FSN-1\n1  5. Catalogue number(s)*\nA-1\n1  7. Affected lot number range*\n22K014 - 22K019\n"
    within = {"what": "lot", "first": "22K014", "last": "22K019", "sure": True}
    assert readings(body=form) == [{"refs": ["A-1"]}, {"refs": ["A-1"], "ranges": [within]}]
    assert not read(EMPTY | {"body": "REF A-1\nReplacement units:\nLot 12"})[-1].clear
    assert not read(EMPTY | {"body": "REF A-1, lot 11.\nIt is so from 12 onwards."})[-1].clear
    assert not read(EMPTY | {"body": "REF\tLot\nA-1\t11\n\nThese lots are not affected."})[0].clear


def test_numbers_are_compared_without_spaces_case_and_width_but_with_their_zeros() -> None:
    assert number_key(" ａb 01\u3000２") == "AB012"
    assert number_key("012") != number_key("12")
    assert near_key("0A-1 2".replace(" ", "")) == near_key("A12")


@pytest.mark.parametrize(
    ("code_info", "more", "expected"),
    [
        ("REF A1: Lots 11, 12,", "13; REF A2: Lots 21", [["11", "12"], ["13"], ["21"]]),
        ("REF A1: Lots 11, 12,", "13 are not affected", None),
        ("REF A1: Lots 11, 12", "34, 56", [["11"], ["56"]]),
        ("REF A1", "2: Lots 11, 12", None),
    ],
)
def test_a_list_goes_on_in_another_text_and_what_is_cut_in_two_is_doubtful(
    code_info: str, more: str, expected: list[list[str]] | None
) -> None:
    clauses = read(EMPTY | {"code_info": code_info, "more_code_info": more})
    if expected is None:
        assert not clauses[0].clear
        return
    assert [clause.lots for clause in clauses if clause.numbers] == expected
    assert all(clause.clear for clause in clauses)
    assert [clause.doubtful for clause in clauses if clause.doubtful] == (
        [["12", "34", "1234"]] if "34" in more else []
    )


@pytest.mark.parametrize(
    "text", ["lot 1, " * 60_000, "A-" * 200_000, "(" * 200_000, "lot" + " " * 400_000, "批号" + "一" * 200_000]
)
def test_no_text_takes_long_and_what_is_left_out_makes_all_of_it_unclear(text: str) -> None:
    clauses: list[Clause] = read(EMPTY | {"code_info": text, "body": text})
    assert len(clauses) <= 4
    assert all(not clause.clear for clause in clauses if clause.numbers)


def test_of_tables_without_end_so_much_is_read_and_no_more_is_cleared() -> None:
    clauses = read(EMPTY | {"body": "REF\tLot\nA\t1\n\n" * 20_000})
    assert len(clauses) == 5_001
    assert not clauses[-1].clear
