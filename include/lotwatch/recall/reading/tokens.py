"""Takes a notice's text apart: words that say what a number is, numbers, dates, and all else."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)[a-z]*\.?"
_NUMBER = r"(?:\s*(?:numbers?|nos?\b\.?|nrs?\b\.?|#'?s?|codes?|ids?\b|\(s\)|ranges?))*"
#: parts of a number after its first; behind a slash there is one only where it has a digit
_MORE = r"(?:[-._](?!(?:lots?|batch|serials?)(?![a-z0-9]))[A-Za-z0-9*?]{1,40}|/(?=[A-Za-z]{0,9}[0-9])[A-Za-z0-9*?]{1,40}){0,8}"
#: what is said of the others that a notice does not list: kinds of them, and that they are not meant
_OTHERS = (
    r"(?:lots?|batch(?:es)?|serials?|products?|devices|units|models?|sizes|(?:catalog(?:ue)?|item|part|reference)(?=\s+num))"
    r"(?:\s+(?:numbers?|codes?))?"
)
_OTHERS = rf"{_OTHERS}(?:\s*(?:,|/|,?\s(?:and|or)\s)\s*{_OTHERS}){{0,6}}"
_NOT_MEANT = (
    r"(?:(?:are|is)\s+(?:not\s+|un)(?:affected|impacted|involved)|(?:are|is)\s+not\s+(?:included|in\s+scope)"
    r"|(?:are|is)\s+not\s+(?:subject\s+to|part\s+of)\s+this\s+(?:recall|notice|action)|(?:can|may)\s+(?:still\s+)?be\s+used)\b"
    r"(?!\W+(?:except|excluding|other\s+than|but|unless|if|until|when|provided|as\s+long|with)\b)"
)
#: kind of token and how it is written, the first that fits; letters in any case, full width as half
_WRITTEN: tuple[tuple[str, str], ...] = (
    ("udi", r"\(01\)\s*[0-9]{14}(?:\s*\(1[1257]\)\s*[0-9]{6})*(?:\s*\(10\)\s*[^\s(),;]+)?(?:\s*\(21\)\s*[^\s(),;]+)?"),
    (
        "closing",
        (
            rf"\b(?:(?:products?|devices|units)\s+(?:with|of|from)\s+)?(?:all\s+)?other\s+{_OTHERS}\s+{_NOT_MEANT}"
            rf"|\b(?:all\s+)?{_OTHERS}\s+not\s+listed(?:\s+(?:above|here))?\s+{_NOT_MEANT}"
            rf"|\bno\s+other\s+{_OTHERS}\s+(?:are|is)\s+(?:affected|impacted|involved|included)\b(?!\W+(?:except|other\s+than|but|unless)\b)"
            r"|其[他它余](?:的)?批[次号](?:产品)?(?:均)?不受影响|不(?:涉及|影响)其[他它余](?:的)?(?:(?:型号|规格|批[次号]|产品|其[他它余])(?:[、及和或与的])?)+"
        ),
    ),
    (
        "unaffected",
        r"\b(?:(?:not|n't)\s+(?:affected|impacted|included|involved|subject)|un(?:affected|impacted))\b|不受影响|不涉及|未受影响|未涉及",
    ),
    (
        "affix",
        (
            r"(?:\b(?:and|or)\s+)?(?:\bothers\s+)?(?:\b(?:that|which)\s+)?\b(?:begin(?:ning)?|start(?:ing)?|end(?:ing)?)\s+(?:with|in)\b"
            r"|\bprefix(?:ed)?(?:\s+with)?\b"
        ),
    ),
    ("cut", r"\.{2,}|…+"),
    ("more", r"\betc\b\.?|\band (?:more|others)\b|等(?=[\s，。；,;)]|$)"),
    ("onward", r"\b(?:and|or)\s+(?:higher|above|greater|up|later|newer|onwards?)\b|(?:及|或)以上|及(?:之|以)后"),
    ("backward", r"\b(?:and|or)\s+(?:lower|below|less|earlier|older)\b|(?:及|或)以下|及(?:之|以)前"),
    (
        "skip",
        (
            r"(?:产品名称|注册证编?号|备案号|(?:生产|销售|涉及)?数量|涉及产品(?:在中国)?的?(?:生产|进口|销售)[^:\t\n]{0,12}数量|召回(?:级别|原因)|生产企业|负责单位)\s*[:：\t]|\b(?:qty|quantity|product name)\s*:"
            r"|\b(?:fsn|fsca|our|your|case|file|letter|document|notice)\s+ref(?:erence)?\b(?:\s*(?:no\.?|number|#))?\s*:?"
        ),
    ),
    (
        "harmless",
        (
            r"(?<![\u4e00-\u9fff])[(]?[一二三四五六七八九十]{1,3}(?:[)]|[、.](?!\d))|共计?\s*[0-9]+\s*批次?|仅?涉及"
            r"|(?:(?![除外不非批仅])[\u4e00-\u9fff（）()]){2,60}对其生产的[^\W\d_批序部除外不期所全规型各仅]{2,40}(?=[(（,，]?(?:注册证|型号|规格|货号|批号|国械注))"
            r"|(?:召回|涉及)产品:[^\W\d_批序部除外不期所全规型各仅]{1,40}(?=[,，;；。\n])|国械注[准进许]\d{8,14}|(?:实施|主动)?[一二三]级召回|受影响|如下|以下|本次|召回|包括|共计|其中|分别|(?:的)?产品(?![名批型编标])|为|是|的|共"
        ),
    ),
    (
        "date",
        (
            rf"\b{_MONTH}\s+(?:[0-9]{{1,2}}(?:st|nd|rd|th)?,?\s+)?(?:19|20)[0-9]{{2}}\b"
            rf"|\b[0-9]{{1,2}}[\s-]{_MONTH},?[\s-](?:19|20)?[0-9]{{2}}\b"
            r"|(?:19|20)[0-9]{2}\s*年\s*[0-9]{1,2}\s*月(?:\s*[0-9]{1,2}\s*日)?"
            r"|\b(?:19|20)[0-9]{2}[-/.](?:0[1-9]|1[0-2])(?:[-/.](?:0[1-9]|[12][0-9]|3[01]))?(?![\w-])"
            r"|\b[0-9]{1,2}/[0-9]{1,2}/(?:19|20)[0-9]{2}(?![\w-])|\b(?:0?[1-9]|1[0-2])/(?:19|20)[0-9]{2}(?![\w-])"
        ),
    ),
    (
        "except",
        r"\b(?:except(?:ing)?(?:\s+for)?|excluding|other than|with the exception of)\b|不包括|不含|除(?=批|序|型|[A-Za-z0-9])",
    ),
    ("except_before", r"除外"),
    ("after_except", r"(?:以|之)?外的?"),
    ("not", r"\b(?:not|never|no longer|neither|nor|isn't|aren't)\b|并非|非(?=批|该|本)"),
    (
        "elsewhere",
        r"\b(?:attached|attachment|annex|appendix|enclosed|listed (?:below|above)|website)\b|附件|附表|附录|详见",
    ),
    (
        "quantity",
        r"(?<![\w.-])[0-9]{1,3}(?:,[0-9]{3})*\s*(?:ea(?:ch)?|box(?:es)?|units?|cases?|kits?|pcs|pieces?|packs?|pairs?|盒|支|台|件|套|个|箱)(?![a-z])|(?<=[(\[])x\s?[0-9]{1,5}(?=[)\]])",
    ),
    ("thousands", r"(?<![\w,.-])[0-9]{1,3}(?:,[0-9]{3})+(?![\w,-])"),
    ("no_date", r"\bno\s+exp(?:iration|iry)?\b\.?(?:\s+date)?s?"),
    (
        "every",
        (
            rf"\ball\s+(?:unexpired\s+|affected\s+)?(?:lots?|batch(?:es)?|serials?|units|devices|products?){_NUMBER}"
            rf"(?:\s*(?:and|&|/|or)\s*(?:lots?|batch(?:es)?|serials?){_NUMBER})?(?:\s+within\s+expiry)?"
            r"|(?:在?有效期内的?)?(?:所有|全部)(?:的)?(?:生产)?(?:批次|批号|序列号|产品)(?:产品)?|(?:批号|批次|序列号|识别信息(?:[(]如批号[)])?)\s*[:：为]?\s*(?:全部|所有)(?:批次|批号)?"
        ),
    ),
    (
        "either",
        (
            rf"\b(?:lots?|batch(?:es)?){_NUMBER}\s*(?:/|or|and|&)\s*(?:serials?|s/?n)\b{_NUMBER}"
            rf"|\bserials?{_NUMBER}\s*(?:/|or|and|&)\s*(?:lots?|batch(?:es)?)\b{_NUMBER}|批号\s*[/／或]\s*序列号"
        ),
    ),
    (
        "lot",
        rf"\b(?:lots?|batch(?:es)?)(?:\s*/\s*(?:codes?|batch(?:es)?))?(?![a-z0-9]){_NUMBER}|(?:产品|生产)?(?:批号|批次)号?为?|识别信息(?:[(]如批号[)])?",
    ),
    ("serial", rf"\b(?:serials?(?![a-z0-9])|s/n|sn(?=\W))(?:\.|{_NUMBER})|(?:产品)?(?:序列号|出厂编号|机身号)为?"),
    ("di", r"\b(?:primary\s+)?(?:udi(?:-di)?|gtins?|upc|ean)\b(?:\s*(?:number|code|no\.?|#))*|产品标识"),
    (
        "ref",
        (
            rf"\b(?:ref(?:erence)?s?\s*/\s*catalog(?:ue)?|ref|catalog(?:ue)?|cat(?:\.|(?=\s*(?:no|#)))|models?|items?|parts?|part\s*/\s*reorder"
            rf"|reorder|(?:product|list|article|kit)(?=\s*(?:no|num|code|#))|(?:articles?|cat)(?=\s[a-z-]{{0,9}}[0-9]))(?![a-z0-9]){_NUMBER}"
            r"|规格型号|型号规格|产品型号|型号[/、及和]规格|型号|规格|货号|目录号|产品(?:编号|编码|代码)"
        ),
    ),
    ("expires", r"\b(?:exp(?:iration|iry|ires|iring)?|use[\s-]by)\b\.?(?:\s*dates?)?|有效期至?|失效日期"),
    (
        "manufactured",
        r"\b(?:manufactur(?:ed|ing)|mfg|produced|production|made)\b\.?(?:\s*dates?)?|生产日期|生产于|(?:期间)?生产的",
    ),
    ("distributed", r"\b(?:distribut(?:ed|ion)|shipped|sold|shipment)\b(?:\s*dates?)?|销售日期|发货日期"),
    ("between", r"\b(?:between|from)\b|自|从"),
    ("before", r"\b(?:before|prior to|up to|until)\b|以前|之前"),
    ("after", r"\b(?:after|since|on or after)\b|以后|之后|以来"),
    ("to", r"\b(?:to|through|thru)\b|[-–—~～](?=[\s*]*[0-9A-Za-z])|至|到"),
    ("and", r"\b(?:and|or)\b|[&,、，]|和|及|与|或"),
    (
        "number",
        (
            rf"[A-Za-z*?]{{0,40}}[0-9][A-Za-z0-9*?]{{0,80}}{_MORE}"
            rf"|[A-Za-z]{{1,20}}(?:[-._][A-Za-z*?]{{0,20}}){{0,4}}?[-_][A-Za-z]{{0,20}}[0-9][A-Za-z0-9*?]{{0,80}}{_MORE}"
            r"|\+[A-Z][A-Z0-9]{4,22}"
        ),
    ),
    ("stop", r"[;\n。；]|\.(?=\s|$)"),
    (
        "word",
        r"[A-Za-z][A-Za-z'’\u00ae\u2122]{0,80}|[\u4e00-\u9fff]+?(?=[^\u4e00-\u9fff]|$|批|序列号|型号|规格|货号|所有|全部|除|不|至|和|及|自|从|生产日期|有效期)",
    ),
    ("space", r"[ \t\r\u00a0]+"),
    ("mark", r"."),
)
_TOKEN = re.compile("|".join(f"(?P<{kind}>{written})" for kind, written in _WRITTEN), re.IGNORECASE)
#: characters as they are written in Taiwan and Hong Kong, in words that are known here
_OLD = str.maketrans("號規產廠貨編數響僅為與從後內無證", "号规产厂货编数响仅为与从后内无证")
#: signs before the quoted lines of a mail (one alone may mean more than), and numbers of a form's sections
_QUOTED, _FEWEST_QUOTED = re.compile(r"^[> ]*>", re.MULTILINE), 3
_SECTION = re.compile(
    r"^[ \t]*[1-9](?:[ \t]+[0-9]{1,2}\.|\.[ \t]?[0-9]{1,2}\.?)(?=[ \t]+(?:[A-Z][a-z]|(?:LOT|REF|UDI|SN)\b))"
    r"|(?:\A|(?<=\n\n)|(?<=[^,;、\s]\n))[ \t]*[1-9]\.(?=[ \t]+[A-Z][a-z])",
    re.MULTILINE,
)
#: what is to be done with the form that is sent along: it says nothing of lots
_FORM = re.compile(
    r"\b(?:complete|return|sign|fill|fax|send|submit)(?:[ \t,]+(?:and|or|out|in|it|e-?mail|complete|return|sign|fax|send|submit)){0,8}[ \t]+the[ \t]+"
    r"(?:enclosed|attached)[ \t]+(?:(?:response|reply|acknowledge?ment|customer|business|recall|return|confirmation)[ \t]+){0,4}(?:form|card)s?\b",
    re.IGNORECASE,
)
_HALF = _OLD | {full: full - 0xFEE0 for full in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0x2011: 0x2D, 0x2012: 0x2D}


class Token(NamedTuple):
    """A piece of text: its kind, its words in half width, and where it stands."""

    kind: str
    text: str
    starts: int
    ends: int


def half_width(text: str) -> str:
    """The text with full-width letters, digits and signs made half-width, old characters new, and blanks for what stands before
    the lines of a quoted mail and the sections of a form, and for what to do with a form; it stays as long as it was."""
    text = _FORM.sub(_blank, _SECTION.sub(_blank, text.translate(_HALF)))
    return _QUOTED.sub(_blank, text) if len(_QUOTED.findall(text)) >= _FEWEST_QUOTED else text


def _blank(found: re.Match[str]) -> str:
    return " " * len(found[0])


def tokens(text: str, starts: int, ends: int) -> Iterator[Token]:
    """The tokens of a part of a half-width text, without spaces."""
    for found in _TOKEN.finditer(text, starts, ends):
        if found.lastgroup != "space":
            yield Token(str(found.lastgroup), found[0], found.start(), found.end())
