"""The words, in English and Chinese, that decide how a line is read: what it is about, what narrows it, what changes nothing.

What a word says of the numbers behind it is in tokens.py, what is asked for in phrases.py.
"""

import re

#: that a line is about lots or devices
TRIGGER = re.compile(
    r"\b(?:lots?|batch|serials?|s/n|sn|ref|catalog|cat\.|models?|items?|part|reorder|udi|gtin|all|except|exclud|other than"
    r"|unaffected|not (?:affected|impacted|included|involved|subject)|manufactured|produced|distributed|shipped|sold"
    r"|onwards?|prefix|suffix|(?:beginn?|start|end)(?:s|ing)? with|supersed\w*|in error|(?:and|or) (?:higher|lower|later|earlier|newer|older)"
    r"|attached|attachment|annex|appendix|enclosed)|[批号除全所附销产型货规识起误更]",
    re.IGNORECASE,
)
#: words and signs that change nothing about which numbers are meant
_WORDS = """
a an the of in is are was were be this these those following with for on by as to add added additional
expanded recall recalled recalls highlighted affected impacted involved include includes including included
inclusive identified product products device devices unit units range ranges number numbers no code codes
model models kit kits box boxes case cases carton cartons pouch pouches package packages packaging packaged
each ea been our we mfr individual individually sterile outer inner label labeled labelled only s date dates day days all has have 号
"""
HARMLESS = frozenset(_WORDS.split())
SIGNS = frozenset("/#\"'*:()[]{}-–—“”‘’（）【】:：|•·._")
#: that a device is only used with what is recalled
BESIDE = re.compile(
    r"\b(?:compatible|for use with|used with|use with|fits|accessor(?:y|ies) (?:of|to|for))\b|适用于|配合|配套",
    re.IGNORECASE,
)
#: such words and what follows them in their sentence
USED_WITH = re.compile(rf"(?:{BESIDE.pattern})[^.;。；\n]*", re.IGNORECASE)
#: what narrows or widens a list from a sentence of its own
NARROWS = re.compile(
    r"\bonwards?\b|\bprefix|\bsuffix|\b(?:beginn?|start|end)(?:s|ing)? (?:with|in)\b|\bsupersed|\bin error\b"
    r"|\b(?:and|or) (?:higher|lower|later|earlier|above|below|newer|older|after|before)\b|[0-9号]起|误列|更正",
    re.IGNORECASE,
)
#: of a heading, what says that those below it are not the ones that are recalled
OTHERWISE = re.compile(
    r"\b(?:replace|replacement|alternative|substitut|instead|example|e\.g|safe|may (?:still )?be used|not)|替[代换]|继续使用|例如|示例",
    re.IGNORECASE,
)
#: of a heading, that the numbers below it are the ends of ranges
_ENDS = re.compile(r"\b(?:start\b.*\bend|first\b.*\blast|from\b.*\bto)\b|起始.*(?:截止|终止|结束)", re.IGNORECASE)
_LONGEST_HEADING = 80
#: that a word is about numbers of lots or units
OF_NUMBERS = re.compile(r"lot|batch|serial|批|序列", re.IGNORECASE)
#: between a word for a day and the day: that it is the first or last
BOUND = re.compile(
    r"\b(?:through|thru|to|until|before|after|from|and|or|since|by|on)\b(?<!use by)|[至到前后起]", re.IGNORECASE
)


def heads_ranges(line: str) -> bool:
    """Whether a line is the heading of a list of ranges."""
    heading = len(line) <= _LONGEST_HEADING and not re.search("[0-9]|[.。]\\s*$", line)
    return heading and bool(_ENDS.search(line) and OF_NUMBERS.search(line))
