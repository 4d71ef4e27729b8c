"""The words of each warning, in English and Chinese."""

from lotwatch.master.udi.model import UdiWarning

_TEXTS: dict[str, tuple[str, str]] = {
    "check_digit": (
        "The check digit of {element} {value} is wrong: it should be {expected}. A digit was misread or mistyped.",
        "{element} {value} 的校验位错误，应为 {expected}：有数字扫错或录错。",
    ),
    "check_character": (
        "The check character is {read!r}, not {expected!r}: a character was misread, or the check character left off.",
        "校验字符为 {read!r}，应为 {expected!r}：有字符扫错，或漏掉了校验字符。",
    ),
    "check_character_missing": (
        "The check character is missing, so a misread character cannot be noticed.",
        "缺少校验字符，无法发现读错的字符。",
    ),
    "link_character": (
        "The second barcode links to {read!r}, the first one ends in {expected!r}: they may be of different labels.",
        "第二个条码的链接字符为 {read!r}，而第一个条码的校验字符为 {expected!r}：两者可能不属于同一标签。",
    ),
    "separator_doubtful": (
        "{element} is read as {value}, but no separator was seen: it may hide ({hidden}). Compare with the label.",
        "{element} 读作 {value}（直到末尾）。文本中没有分隔符，其中可能还含有 ({hidden})，请与标签核对。",
    ),
    "space_as_separator": (
        "Spaces were taken as the ends of elements: no element of GS1 contains one.",
        "空格按元素之间的分隔处理：GS1 的元素中没有空格。",
    ),
    "space_dropped": (
        "Spaces inside {element} were dropped, since no element of GS1 contains one: {value}.",
        "{element} 中的空格已去除（GS1 的元素中没有空格）：{value}。",
    ),
    "value_nonstandard": (
        "{element} {value} is not as the standard has it (length or characters); it is kept as read.",
        "{element} {value} 的长度或字符不符合标准，按原样保留。",
    ),
    "identifier_unknown": (
        "The identifier {element} is not known; its value {value} is kept as read.",
        "标识符 {element} 未知，其值 {value} 按原样保留。",
    ),
    "date_unreadable": (
        "{element} {value} is not a date: it is taken as not stated.",
        "{element} {value} 不是有效日期，按未标注处理。",
    ),
    "date_long": (
        "{element} {value} has a year of four digits, where the standard has two.",
        "{element} {value} 使用四位年份，而标准为两位。",
    ),
    "manufactured_month_only": (
        "{element} names only the month of production: its first day is taken, so that no life is added.",
        "{element} 只标注生产月份：取当月第一天，以免多算有效期。",
    ),
    "expires_at_time": (
        "It may be used on {day} only until {time}.",
        "{day} 当天仅可使用至 {time}。",
    ),
    "best_before": (
        "The label has no expiry date: the best-before date is taken for it.",
        "标签上没有失效日期，以最佳使用日期代替。",
    ),
    "expiry_disagrees": (
        "The label states different last days of use ({first}, {second}): the earlier is taken.",
        "标签上的最后可用日期不一致（{first}、{second}），取较早者。",
    ),
    "production_data_unread": (
        "Only the device identifier is read: the syntax of AHM's production data is not public.",
        "仅识别产品标识：AHM 的生产标识语法未公开。",
    ),
}


def notice(code: str, **details: object) -> UdiWarning:
    """Return the warning `code` with its details filled in."""
    en, zh = _TEXTS[code]
    return UdiWarning(code, en.format(**details), zh.format(**details))
