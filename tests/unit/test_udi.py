"""A UDI label is read as it says, whatever way its text came; what is doubtful is told, and nothing is guessed."""

import csv
import gzip
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from biip.checksums import gs1_standard_check_digit
from hypothesis import given, settings
from hypothesis import strategies as st

from lotwatch.errors import UdiError
from lotwatch.master.udi import Udi, describe, parse
from lotwatch.master.udi.hibc import check_character
from tests.examples import examples

AS_OF = date(2026, 3, 1)
DI = "00844588018923"
GS = "\x1d"
WIDE = {code: chr(code + 0xFEE0) for code in range(0x21, 0x7F)}

# every character that an element of GS1 may contain
SET_82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"


def read(text: str, as_of: date = AS_OF) -> Udi:
    udi = parse(text, as_of)
    assert udi.raw == text
    return udi


def codes(udi: Udi) -> list[str]:
    return [warning.code for warning in udi.warnings]


def hibc(message: str) -> str:
    return message + check_character(message)


# --- GS1: the ways to write one label ---


@pytest.mark.parametrize(
    "text",
    [
        f"(01){DI}(17)301231(10)00aB-1(21)007",
        f"(01){DI}(17)301231(10)00aB-1(21)007".translate(WIDE),
        f"（01）{DI}（17）301231（10）00aB-1（21）007",
        f" (01) {DI}\r\n (17) 301231\n(10) 00aB-1\t(21)007\n",
        f"(01){DI[:7]} {DI[7:]}(17)301231(10)00aB-1(21)007",
        f"01 {DI} 17 301231 10 00aB-1 21 007",
        f"01{DI}17301231\n1000aB-1\n21007",
        f"01{DI}17301231　1000aB-1　21007".translate(WIDE),
        f"17301231 1000aB-1 21007 01{DI}",
        f"https://id.gs1.org/01/{DI}/10/00aB-1/21/007?17=301231",
        f"HTTPS://example.com/some/path/01/{DI}/10/00aB-1/21/007?17=301231&linkType=all",
    ],
)
def test_one_label_reads_the_same_however_it_is_written(text: str) -> None:
    udi = read(text)
    assert (udi.agency, udi.di, udi.lot_number, udi.serial_number) == ("GS1", DI, "00aB-1", "007")
    assert udi.usable_through == date(2030, 12, 31)


@pytest.mark.parametrize("sign", [GS, "<GS>", "{GS}", "[GS]", "^]", "␝", "]C1", "]d2", "<FNC1>", "\\x1d", "＜ＧＳ＞"])
@pytest.mark.parametrize("start", ["", "]C1", "]d2", "]Q3", "]e0", GS])
def test_every_sign_for_fnc1_separates(sign: str, start: str) -> None:
    udi = read(f"{start}01{DI}10A21B{sign}21S10T{sign}17301231")
    assert (udi.lot_number, udi.serial_number, udi.usable_through) == ("A21B", "S10T", date(2030, 12, 31))
    assert udi.warnings == ()


def test_separators_are_harmless_where_none_is_needed() -> None:
    assert read(f"{GS}01{DI}{GS}17301231{GS}10A{GS}").lot_number == "A"


def test_fields_and_elements_without_a_field_are_kept() -> None:
    udi = read(f"(01){DI}(11)250301(30)12(240)REF 1(8012)v1.2(91)internal")
    assert (udi.manufactured_on, udi.quantity) == (date(2025, 3, 1), 12)
    assert udi.others == (("240", "REF1"), ("8012", "v1.2"), ("91", "internal"))
    assert ("manufactured_on", "2025-03-01") in describe(udi)
    assert ("91", "internal") in describe(udi)


def test_a_logistic_unit_says_what_it_contains() -> None:
    udi = read("(00)106141412345678908(02)00614141123452(37)25(10)ABC123")
    assert (udi.sscc, udi.content_di, udi.quantity, udi.lot_number) == (
        "106141412345678908",
        "00614141123452",
        25,
        "ABC123",
    )
    assert udi.di is None


def test_the_second_barcode_of_a_label_may_be_read_alone() -> None:
    udi = read("1730123110AB12")
    assert (udi.di, udi.lot_number, udi.usable_through) == (None, "AB12", date(2030, 12, 31))
    assert read("17301231101234").lot_number == "1234"  # as many digits as a GTIN, but its check digit is wrong
    assert read("]C110ABC").lot_number == "ABC"


# --- GS1: identifiers ---


@pytest.mark.parametrize(
    ("number", "di"),
    [
        ("96385074", "00000096385074"),
        ("614141123452", "00614141123452"),
        ("5901234123457", "05901234123457"),
        ("10614141123459", "10614141123459"),
        (" ５９０１２３４１２３４５７ ", "05901234123457"),
        ("(01)5901234123457", "05901234123457"),
    ],
)
def test_a_gtin_of_any_length_becomes_fourteen_digits(number: str, di: str) -> None:
    udi = read(number)
    assert (udi.di, udi.package_level, udi.warnings) == (di, int(di[0]), ())


def test_a_wrong_check_digit_warns_and_keeps_the_identifier() -> None:
    for text in ("00844588018924", "(01)00844588018924", "0100844588018924", "https://id.gs1.org/01/00844588018924"):
        udi = read(text)
        assert (udi.di, codes(udi)) == ("00844588018924", ["check_digit"])
        assert "3" in udi.warnings[0].en
        assert "校验位" in udi.warnings[0].zh
    assert codes(read("(00)106141412345678909")) == ["check_digit"]


@pytest.mark.parametrize("text", ["20260301", "123456789013", "12345", "10ABC", "21123", "A123", "A123BJC5D6E71"])
def test_a_bare_number_is_no_udi(text: str) -> None:
    with pytest.raises(UdiError, match="What to do"):
        parse(text, AS_OF)


# --- GS1: dates ---


@pytest.mark.parametrize(
    ("as_of", "digits", "year"),
    [
        (2026, "76", 2076),
        (2026, "77", 1977),
        (2026, "99", 1999),
        (1995, "44", 2044),
        (1995, "46", 1946),
        (2060, "10", 2110),
        (2060, "11", 2011),
    ],
)
def test_the_century_follows_the_day_asked_about_and_not_the_clock(as_of: int, digits: str, year: int) -> None:
    assert read(f"(01){DI}(17){digits}0630", date(as_of, 6, 1)).usable_through == date(year, 6, 30)


def test_the_day_zero_of_an_expiry_is_the_last_of_its_month() -> None:
    assert read(f"(01){DI}(17)280200").usable_through == date(2028, 2, 29)
    assert read(f"01{DI}17270200").usable_through == date(2027, 2, 28)


def test_the_day_zero_of_production_is_the_first_of_its_month() -> None:
    udi = read(f"(01){DI}(11)260300")
    assert (udi.manufactured_on, codes(udi)) == (date(2026, 3, 1), ["manufactured_month_only"])


@pytest.mark.parametrize("printed", ["20301231", "2030-12-31"])
def test_a_printed_year_of_four_digits_is_read(printed: str) -> None:
    udi = read(f"(01){DI}(17){printed}(11){printed}")
    assert udi.usable_through == udi.manufactured_on == date(2030, 12, 31)
    assert codes(udi) == ["date_long", "date_long"]


@pytest.mark.parametrize("value", ["000000", "301331", "300231"])
def test_a_date_that_is_none_warns_and_the_rest_is_read(value: str) -> None:
    for text in (f"(01){DI}(17){value}(10)A1", f"01{DI}17{value}10A1"):
        udi = read(text)
        assert (udi.usable_through, udi.lot_number, codes(udi)) == (None, "A1", ["date_unreadable"])


@pytest.mark.parametrize(
    ("clock", "last", "warned"),
    [
        ("1430", 15, ["expires_at_time"]),
        ("0000", 14, []),
        ("2359", 15, []),
        ("2400", 15, []),
        ("2561", None, ["date_unreadable"]),
    ],
)
def test_an_expiry_at_a_time_counts_its_day_unless_it_is_midnight(
    clock: str, last: int | None, warned: list[str]
) -> None:
    udi = read(f"01{DI}7003300115{clock}10A")
    assert udi.usable_through == (last and date(2030, 1, last))
    assert (udi.lot_number, codes(udi)) == ("A", warned)


def test_of_two_expiry_dates_the_earlier_holds() -> None:
    for text in (f"(01){DI}(17)301231(7003)3011302359", f"(01){DI}(17)301130(7003)3012312359"):
        udi = read(text)
        assert (udi.usable_through, codes(udi)) == (date(2030, 11, 30), ["expiry_disagrees"])


def test_best_before_stands_in_for_a_missing_expiry_only() -> None:
    udi = read(f"(01){DI}(15)301231")
    assert (udi.usable_through, codes(udi)) == (date(2030, 12, 31), ["best_before"])
    udi = read(f"(01){DI}(15)301231(17)310131")
    assert (udi.usable_through, udi.others, codes(udi)) == (date(2031, 1, 31), (("15", "301231"),), [])


# --- GS1: what could be guessed is not ---


@pytest.mark.parametrize(
    ("start", "tail"),
    [
        (f"01{DI}", "10ABC12321SN5"),
        (f"01{DI}", "10ABC17301231"),
        (f"01{DI}", "21S10L"),
        (f"01{DI}", "10ABC1730123121SN"),
        ("17301231", f"10ABC01{DI}"),
    ],
)
def test_a_value_that_may_hide_an_element_is_kept_and_told(start: str, tail: str) -> None:
    udi = read(start + tail)
    assert (udi.lot_number or udi.serial_number) == tail[2:]
    assert codes(udi) == ["separator_doubtful"]


def test_a_value_is_not_doubted_where_separators_are_seen() -> None:
    assert read(f"01{DI}21S5{GS}10ABC17301231").warnings == ()


def test_a_certainly_missing_separator_is_refused_with_its_place() -> None:
    with pytest.raises(UdiError, match=r"separator after \(10\) .* position 39 .*What to do: Scan it again"):
        parse(f"01{DI}10{'A' * 20}21SN", AS_OF)


def test_spaces_inside_a_lot_are_dropped_and_told() -> None:
    for text in (f"(01){DI}(10)AB 12(21)7", f"01{DI}10AB 12"):
        udi = read(text)
        assert (udi.lot_number, codes(udi)) == ("AB12", ["space_dropped"])


def test_spaces_that_end_an_element_are_told() -> None:
    assert codes(read(f"01{DI} 10AB 2112")) == ["space_as_separator"]


def test_brackets_inside_a_lot_belong_to_it() -> None:
    assert read(f"(01){DI}(10)A(12)B(C)(21)7").lot_number == "A(12)B(C)"


def test_two_values_of_one_element_are_refused() -> None:
    with pytest.raises(UdiError, match=r"\(10\) is there twice"):
        parse(f"(01){DI}(10)A(10)B", AS_OF)
    assert read(f"(01){DI}(10)A(10)A").lot_number == "A"


def test_values_that_the_standard_does_not_know_are_kept_and_told() -> None:
    udi = read(f"(01){DI}(10)AB#批(05)x")
    assert (udi.lot_number, udi.others) == ("AB#批(05)x", ())
    assert codes(udi) == ["value_nonstandard"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", 1),
        ("   ", 4),
        (f"01{DI}17301231XY", 25),
        (f"01{DI} 17301231 10批", 29),
        ("(01)ABC", 1),
        (f"(01){DI}(10)", 19),
        ("(20) pieces left", 1),
        ("(555) 123-4567", 1),
        ("https://example.com/devices/1", 1),
        ("hello", 1),
        ("+A123", 1),
        ("+a123bjc5d6e71g", 2),
        ("++A999MODELIDENTIFIER11S8", 1),
        ("=hello", 1),
        ("MA.156.M0.1", 1),
        ("MA.156.M0.123456.11234561.L1.E", 29),
    ],
)
def test_a_text_that_is_no_udi_is_refused_with_its_place(text: str, place: int) -> None:
    with pytest.raises(UdiError) as refusal:
        parse(text, AS_OF)
    assert refusal.value.where.startswith(f"position {place} of ")
    assert refusal.value.do


# --- HIBC ---


@pytest.mark.parametrize(
    "text", ["+A123BJC5D6E71G", "*+A123BJC5D6E71G*", "]C0+A123BJC5D6E71G", " ＋Ａ１２３ＢＪＣ５Ｄ６Ｅ７１Ｇ"]
)
def test_hibc_primary_data_is_the_device_identifier(text: str) -> None:
    udi = read(text)
    assert (udi.agency, udi.di, udi.package_level, udi.warnings) == ("HIBCC", "A123BJC5D6E71", 1, ())


@pytest.mark.parametrize(
    ("part", "expiry", "lot", "serial", "quantity"),
    [
        ("$0L1", None, "0L1", None, None),
        ("$+0S1", None, None, "0S1", None),
        ("$$02280L1", date(2028, 2, 29), "0L1", None, None),
        ("$$20215280L1", date(2028, 2, 15), "0L1", None, None),
        ("$$32802150L1", date(2028, 2, 15), "0L1", None, None),
        ("$$4280215230L1", date(2028, 2, 15), "0L1", None, None),
        ("$$4280215000L1", date(2028, 2, 14), "0L1", None, None),
        ("$$528046L1", date(2028, 2, 15), "L1", None, None),
        ("$$62804624L1", date(2028, 2, 15), "L1", None, None),
        ("$$70L1", None, "0L1", None, None),
        ("$$+70S1", None, None, "0S1", None),
        ("$$+32802150S1", date(2028, 2, 15), None, "0S1", None),
        ("$$+0228S1", date(2028, 2, 29), None, "S1", None),
        ("$$8240228L1", date(2028, 2, 29), "L1", None, 24),
        ("$$82432802150L1", date(2028, 2, 15), "0L1", None, 24),
        ("$$9001007L1", None, "L1", None, 100),
        ("$$9001003C001", None, "3C001", None, 100),
        ("$$3280215", date(2028, 2, 15), None, None, None),
        ("28046L1", date(2028, 2, 15), "L1", None, None),
    ],
)
def test_hibc_production_data_reads_alone_and_behind_the_primary(
    part: str, expiry: date | None, lot: str | None, serial: str | None, quantity: int | None
) -> None:
    primary = "+A123BJC5D6E71"
    link = check_character(primary)
    for text in (hibc(f"{primary}/{part}"), hibc(f"+{part}{link}"), f"{hibc(primary)} {hibc(f'+{part}{link}')}"):
        udi = read(text)
        assert (udi.usable_through, udi.lot_number, udi.serial_number, udi.quantity) == (expiry, lot, serial, quantity)
        assert set(codes(udi)) <= {"expires_at_time"}


def test_hibc_supplemental_data_is_read() -> None:
    udi = read(hibc("+A99912345/$$52828110X3/16D20261212/S77DE1G45/14D20281007/Q500/1TX9"))
    assert (udi.di, udi.lot_number, udi.serial_number) == ("A99912345", "10X3", "77DE1G45")
    assert (udi.manufactured_on, udi.usable_through) == (date(2026, 12, 12), date(2028, 10, 7))
    assert (udi.quantity, udi.others, udi.warnings) == (500, (("1T", "X9"),), ())


def test_the_example_of_the_hibc_standard_reads() -> None:
    udi = read("+A99912345/$$52001510X3/16D20111212/S77DE1G45-")
    assert (udi.usable_through, udi.manufactured_on, udi.warnings) == (date(2020, 1, 15), date(2011, 12, 12), ())


def test_a_wrong_hibc_check_character_warns() -> None:
    udi = read("+A123BJC5D6E71H")
    assert (udi.di, codes(udi)) == ("A123BJC5D6E71", ["check_character"])
    udi = read("+A123BJC5D6EA1")
    assert (udi.di, codes(udi)) == ("A123BJC5D6EA1", ["check_character", "check_character_missing"])


def test_a_hibc_check_character_that_is_a_space_may_be_lost_or_printed() -> None:
    primary = next(f"+A123B{n}1" for n in range(1000) if check_character(f"+A123B{n}1") == " ")
    secondary = hibc("+$L1 ")
    for text in (
        primary,
        f"{primary} ",
        f"{primary}_",
        f"*{primary}_*",
        f"{primary}  {secondary}",
        f"{primary}\n{secondary}",
    ):
        udi = read(text)
        assert (udi.di, udi.warnings) == (primary[1:], ())


def test_a_hibc_check_character_that_is_a_space_is_not_confused_with_the_letter_before_it() -> None:
    message = "+Q04A00/$$30001114/SJ"
    assert check_character(message) == " "
    assert check_character(message[:-1]) == "J"
    assert read(f"{message} ").serial_number == "J"
    assert read("+A123BJC5D6E71G \r\n").warnings == ()


def test_a_hibc_link_to_another_label_warns() -> None:
    udi = read(f"+A123BJC5D6E71G\n{hibc('+$L1H')}")
    assert (udi.di, udi.lot_number, udi.others, codes(udi)) == (
        "A123BJC5D6E71",
        "L1",
        (("link", "H"),),
        ["link_character"],
    )


def test_a_hibc_date_that_is_none_warns_and_the_lot_is_read() -> None:
    udi = read(hibc("+A123BJC5D6E71/$$3281399L1"))
    assert (udi.usable_through, udi.lot_number, codes(udi)) == (None, "L1", ["date_unreadable"])


def test_signs_of_hibc_can_be_its_check_characters() -> None:
    for sign in "-. $/+%":
        primary = next(f"+A123B{n}1" for n in range(2000) if check_character(f"+A123B{n}1") == sign)
        udi = read(f"{primary}{sign}")
        assert (udi.di, udi.warnings) == (primary[1:], ())
        assert read(hibc(f"+$L1{sign}")).lot_number == "L1"


# --- ICCBBA, MA, AHM ---


def test_isbt_128_structures_are_read() -> None:
    udi = read("=+06000=/A9999XYZ100T0944=,000025=A99971312345600=>014032=}013032&,1000000000000XYZ123")
    assert (udi.agency, udi.di, udi.serial_number) == ("ICCBBA", "A9999XYZ100T0944", "000025")
    assert (udi.lot_number, udi.others) == ("000000000000XYZ123", (("=", "A99971312345600"),))
    assert (udi.usable_through, udi.manufactured_on, udi.warnings) == (date(2014, 2, 1), date(2013, 2, 1), ())


def test_a_blood_bag_is_read() -> None:
    udi = read("=)1TE123456A&)RZ12345678")
    assert (udi.agency, udi.di, udi.lot_number) == ("ICCBBA", "1TE123456A", "RZ12345678")


def test_ma_units_are_read_and_the_day_of_expiry_is_no_day_of_use() -> None:
    di = "MA.156.M0.100761.21234561"
    udi = read(f"{di}.S00x8.M220117.L2022a.D20220118.E20300131.C3")
    assert (udi.agency, udi.di, udi.package_level) == ("MA", di, 2)
    assert (udi.serial_number, udi.lot_number, udi.manufactured_on) == ("00x8", "2022a", date(2022, 1, 17))
    assert udi.usable_through == date(2030, 1, 30)
    assert (udi.others, udi.warnings) == ((("D", "20220118"), ("C", "3")), ())
    assert read(f"{di}.V300130.E300131").warnings == ()
    assert read(f"https://example.com/{di}.V300130").usable_through == date(2030, 1, 30)


def test_twenty_digits_of_ahm_are_a_device_identifier() -> None:
    udi = read("84459000000000000001")
    assert (udi.agency, udi.di, codes(udi)) == ("AHM", "84459000000000000001", ["production_data_unread"])
    assert read("17301231101234567890").agency == "GS1"
    assert read(f"01{DI}3012").agency == "GS1"


# --- any label, any text ---

FNC1 = st.sampled_from([GS, "<GS>", "{GS}", "^]", "␝", "]C1", "]d2"])
SPACE = st.sampled_from([" ", "\n", "\r\n", "\t", "　", "  \n "])
GTIN = st.from_regex(r"[0-9]{13}", fullmatch=True).map(lambda payload: payload + str(gs1_standard_check_digit(payload)))
VALUE = st.text(SET_82, min_size=1, max_size=20).filter(lambda text: "<GS>" not in text and "<FNC1>" not in text)
PRINTED = st.text(SET_82.replace("(", ""), min_size=1, max_size=20)
EXPIRY = st.dates(date(1977, 1, 1), date(2076, 12, 31))


def elements(di: str, lot: str | None, serial: str | None, expiry: date | None) -> list[tuple[str, str]]:
    said = [("01", di), ("17", expiry and f"{expiry:%y%m%d}"), ("10", lot), ("21", serial)]
    return [(ai, value) for ai, value in said if value is not None]


def says(udi: Udi, *expected: str | date | None) -> bool:
    return (udi.di, udi.lot_number, udi.serial_number, udi.usable_through) == expected


@settings(deadline=None, database=None)
@given(GTIN, st.none() | VALUE, st.none() | VALUE, st.none() | EXPIRY, FNC1)
def test_any_label_reads_back_from_a_scan(
    di: str, lot: str | None, serial: str | None, expiry: date | None, fnc1: str
) -> None:
    text = fnc1 + fnc1.join(ai + value for ai, value in elements(di, lot, serial, expiry))
    udi = read(text)
    assert says(udi, di, lot, serial, expiry)
    assert "check_digit" not in codes(udi)


@settings(deadline=None, database=None)
@given(GTIN, st.none() | PRINTED, st.none() | PRINTED, st.none() | EXPIRY, SPACE, st.booleans())
def test_any_label_reads_back_from_its_print(
    di: str, lot: str | None, serial: str | None, expiry: date | None, space: str, wide: bool
) -> None:
    said = elements(di, lot, serial, expiry)
    for text in (
        "".join(f"({ai}){value}" for ai, value in said),
        space.join(f"({ai}){space}{value}" for ai, value in said),
    ):
        assert says(read(text.translate(WIDE) if wide else text), di, lot, serial, expiry)


@settings(deadline=None, database=None)
@given(GTIN, st.none() | VALUE, st.none() | VALUE, st.none() | EXPIRY, SPACE)
def test_any_label_reads_back_from_spaced_elements(
    di: str, lot: str | None, serial: str | None, expiry: date | None, space: str
) -> None:
    text = space.join(ai + value for ai, value in elements(di, lot, serial, expiry))
    assert says(read(text), di, lot, serial, expiry)


ALNUM = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=18)


@settings(deadline=None, database=None)
@given(st.from_regex(r"[A-Z][A-Z0-9]{3}[A-Z0-9]{1,18}[0-9]", fullmatch=True), ALNUM, ALNUM, EXPIRY)
def test_any_label_reads_back_from_hibc(di: str, lot: str, serial: str, expiry: date) -> None:
    udi = read(hibc(f"+{di}/$$3{expiry:%y%m%d}{lot}/S{serial}"))
    assert says(udi, di, lot, serial, expiry)
    assert udi.warnings == ()


PIECES = (
    *(
        "01",
        DI,
        "17",
        "301231",
        "10",
        "21",
        "30",
        "7003",
        "(",
        ")",
        "(10)",
        "(99)",
        "[",
        "]C1",
        GS,
        " ",
        "\n",
        "0",
        "9",
    ),
    *("+", "$", "$$", "$$+", "/", "14D", "/S", "A123", "*", "_", "=", "=/", "=>", "&,1", "&}", "MA.156.M0.", "123456."),
    *(".L", ".E", "https://", "id.gs1.org/01/", "?17=", "%1D", "8" * 20, "٣", "²", "％", "\x00", "\ud800"),
)
SYNTAX = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


@settings(deadline=None, database=None, max_examples=examples(300))
@given(SYNTAX | st.text() | st.binary().map(lambda data: data.decode("latin-1")), st.dates())
def test_any_text_is_read_or_refused(text: str, as_of: date) -> None:
    try:
        udi = parse(text, as_of)
    except UdiError:
        return
    assert udi.raw == text
    assert all(warning.en and warning.zh for warning in udi.warnings)


# --- real devices ---


@pytest.fixture(scope="module")
def real_dis(realdata: Path) -> dict[str, list[str]]:
    """The primary device identifiers of the FDA's database, by the form of their agency."""
    with gzip.open(realdata / "gudid_devices_25k.csv.gz", "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    found: dict[str, list[str]] = {"GS1": [], "HIBCC": []}
    for row in rows:
        # one record is filed under HIBCC though its identifier is a GTIN
        found["GS1" if row["primary_di"].isdigit() else row["agency"]].append(row["primary_di"])
    return found


@pytest.mark.realdata
@pytest.mark.parametrize("render", [str, "(01){}".format, "01{}".format, "]d201{}17301231".format])
def test_real_gs1_identifiers_read_as_themselves(real_dis: dict[str, list[str]], render: Callable[[str], str]) -> None:
    read_as = {di: read(render(di)) for di in real_dis["GS1"]}
    assert all((udi.agency, udi.di) == ("GS1", di) for di, udi in read_as.items())
    warned = Counter(code for udi in read_as.values() for code in codes(udi))
    assert set(warned) <= {"check_digit"}
    assert warned["check_digit"] < 10  # the database itself has a few that are wrong
