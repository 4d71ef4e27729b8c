"""The words with which notices ask for something, in English and Chinese, as patterns."""

import re

_FILL = r"(?:\s+(?:any|all|the|this|their|your|further|to|and|or|of))*"
_USE = r"(?:use|usage|using|distribut\w+|sell\w*|sales?|ship\w*|implant\w*|dispens\w+|administ\w+)"
#: verbs by what they ask for, the first that fits. `stop` and `take`: remove; `keep`: leave it where it is; `paper`: what is
#: asked about the notice itself; `aware`: take note.
_ENGLISH: tuple[tuple[str, str], ...] = (
    (
        "keep",
        (
            r"\b(?:may|can|could|should)\s+(?:still\s+|safely\s+)?(?:continue\s+to\s+)?be\s+used\b"
            r"|\bcontinu(?:e|ed|ing)\s+(?:to\s+(?:be\s+)?(?:use|operat)\w*|using|with\s+use|use)|\bremains?\s+in\s+(?:use|service)\b"
            r"|\bno\s+(?:further\s+|other\s+)?actions?\s+(?:is|are|need\w*|on)\b|\bfor\s+information\s+only\b"
            r"|\bno\s+(?:need|requirement)\s+to\s+(?:return|remove|quarantine|destroy|stop|discontinue)\w*"
            r"|\bno\s+(?:product|device|unit)?\s*(?:returns?|removals?)\s+(?:of\s+\w+\s+)?(?:is|are)\s+(?:being\s+)?(?:required|needed|necessary|requested)"
        ),
    ),
    (
        "stop",
        (
            rf"\b(?:stop|ceas|discontinu|suspend|halt)\w*{_FILL}\s+{_USE}(?:\s+(?:and|or){_FILL}\s+{_USE})?"
            rf"|\b(?:do\s+not|don't|not\s+to|must\s+not|should\s+not|shall\s+not|may\s+not|no\s+longer)\s+(?:be\s+)?(?:further\s+)?"
            rf"(?:use|distribut|sell|sold|dispens|ship|implant)\w*(?:\s+(?:and|or){_FILL}\s+{_USE})?"
        ),
    ),
    (
        "take",
        (
            r"\breturn\w*\b(?!\s+(?:authori|label|receipt|envelope|kit|shipping|goods|material|address|box|instruct))"
            r"|\b(?:send|ship)(?:ing)?\s+(?:(?:it|them|these|those|the|all|any|of|affected|product\w*|devices?|units?)\s+)*back\b"
            r"|\b(?:quarantin|segregat|sequester|isolat|discard|destroy|destruct|retriev|withdraw)\w*|\bdispos(?:e|ed|ing|al)\b"
            r"|\bscrap(?:ped|ping)?\b|\bhold\b|\bthrow\s+(?:\w+\s+){0,3}(?:away|out)\b|\b(?:collect|pick(?:ed)?[\s-]up)(?:ed|ing)?\b|\bremov(?:e|ed|ing|al)\b|\bpull(?:ed|ing)?\b"
        ),
    ),
    (
        "correct",
        (
            r"\b(?:updat|upgrad|re-?label|repair|retrofit|re-?calibrat|re-?work|modif|re-?install|download|affix|adjust|configur)\w*"
            r"|\bcorrect(?:ed|ing|s)?\b|\binstall(?:ed|ing|s)?\b|\breplac(?:e|ed|es|ing)\b|\bappl(?:y|ied|ying)\b"
        ),
    ),
    (
        "look",
        (
            r"\b(?:inspect|examin|check|verif)\w*|\btest(?:ed|ing)?\b"
            r"|\bperform(?:ed|ing)?\s+(?:the|a|an)\s+(?:[\w-]+\s+){0,3}(?:tests?|checks?|inspections?)\b"
        ),
    ),
    (
        "aware",
        r"\b(?:follow|consider|observ|consult|monitor)\w*|\bbe\s+(?:aware|careful)\b|\buse\s+(?:caution|care|another|an\s+alternative)\b",
    ),
    (
        "paper",
        (
            r"\b(?:complet|sign|fax|e-?mail|forward|shar|distribut|notif|inform|contact|telephon|display|retain|maintain|acknowledg|"
            r"respond|identif|locat|determin|confirm|indicat|provid|submit|document|record|arrang|schedul|secur|communicat|alert|post|advis)"
            r"(?:e|ed|es|ing|s|y|ied|ting)?\b|\b(?:fill|pass|remind|review|ensur)\w*|\b(?:call|keep|reply|report(?:ing|ed)?|count|refer|read|note|understand|take|make)\b"
            r"|\b(?:mail(?:ed)?|send|deliver|reach|give|tell|visit|have|obtain|receive|schedule|list|include|state|do)\b"
        ),
    ),
)
VERB = re.compile("|".join(f"(?P<{kind}>{written})" for kind, written in _ENGLISH), re.IGNORECASE)

#: somebody is asked; somebody will do it; somebody is told to
ASKED = re.compile(
    r"\b(?:instruct|ask|request|advis|direct|urg|recommend|requir|remind|encourag)(?:e|ed|es|ing|s)?\b|\b(?:told|tells?)\b"
    r"|\b(?:should|must|shall|please)\b|\b(?:is|are|was|were)\s+(?:then\s+|also\s+)?to\b|\b(?:need|needs|ha(?:s|ve))\s+to\b",
    re.IGNORECASE,
)
WILL = re.compile(r"\bwill\b|\b(?:is|are)\s+going\s+to\b|\bcan\s+be\b", re.IGNORECASE)
TOLD = re.compile(r"\b(?:notif|inform)\w*", re.IGNORECASE)
TO = re.compile(r"\bto\s+(?:\w+ly\s+)?$", re.IGNORECASE)
#: between the two: then it is somebody's own plan
OWN_PLAN = re.compile(r"\b(?:plan|decision|intent\w*|need|order|of|fda)\b", re.IGNORECASE)
#: of a verb in -ed: it is to be done, and was not
TO_BE = re.compile(r"\bbe(?:en|ing)?\b", re.IGNORECASE)
#: what may stand before the first verb of a command
COMMAND = re.compile(
    r"(?:\W|\b(?:please|kindly|immediately|promptly|then|also|and|or|to|at|once|a|b|c|d|step|[0-9]+|visually|carefully)\b)*",
    re.IGNORECASE,
)
NEGATED = re.compile(
    r"\b(?:(?:do|does|did)\s+not\s+(?:need|have|require)|need(?:s)?\s+not|not\s+(?:being\s+)?(?:needed|necessary|required|requested|asked)"
    r"|no\b(?!\s+(?:longer|later|charge|cost|units?\s+of\s+other)))[^,;]*$",
    re.IGNORECASE,
)
FORBIDDEN = re.compile(r"\b(?:not|never|nor|without|instead\s+of|rather\s+than)\b[^,;]{0,40}$", re.IGNORECASE)
CONDITION = re.compile(r"\b(?:if|in\s+case|in\s+the\s+event|when(?:ever)?|unless|where|once|except)\b", re.IGNORECASE)
#: a condition that only says who has any of it
POSSESSION = re.compile(
    r"\s*(?:(?:you|they|customers?|consignees?|users?|there)\b.*?\b(?:have|has|possess\w*|hold|find|locate|identif\w*|distributed)"
    r"|(?:you|they)\s+(?:are|is)\s+a\s+distributor|any\b.*?\b(?:found|located|identified|remain\w*|present|have|in)|found\s+in|in\s+possession"
    r"|(?:affected|recalled|impacted)\s+[\w\s]{0,30}(?:found|located|identified|present|on\s+hand|in)"
    r"|no\s+(?:\w+\s+){0,2}(?:product|stock|inventory|units?)|possible|applicable|available|(?:you|they)\s+have\s+no)",
    re.IGNORECASE,
)
TERM = re.compile(r"\b(?:until|pending|prior\s+to|before)\b(?P<what>.*)", re.IGNORECASE | re.DOTALL)
FOR_GOOD = re.compile(
    r"return|retriev|collect|pick|dispos|destr|(?:further|more)\s+(?:instruction|notice|information)", re.IGNORECASE
)
#: what is meant
PAPER = re.compile(
    r"\b(?:forms?|test\s+(?:reports?|results?)|reply|replies|responses?|acknowledge?ments?|confirmations?|cards?|receipts?|questionnaires?|certificates?|reports?"
    r"|surveys?|letters?|fax|notices?|notifications?|e-?mails?|copy)\b",
    re.IGNORECASE,
)
PART = re.compile(
    r"\b(?:instructions?\s+for\s+use|ifus?|manuals?|labels?|labell?ing|stickers?|inserts?|guides?|versions?|software|firmware|patch(?:es)?"
    r"|power\s+suppl(?:y|ies)|batter(?:y|ies)|cables?|components?|parts?|boards?|modules?|filters?|covers?|screws?|valves?|sensors?|hoses?"
    r"|addend(?:um|a)|pages?|templates?|databases?|settings?|parameters?|protocols?|cartons?|files?)\b",
    re.IGNORECASE,
)
#: what one may be told to follow, and knows
KNOWN_RULES = re.compile(
    r"\b(?:instructions?\s+for\s+use|ifus?|labell?ing|manuals?|warnings?|precautions?)\b", re.IGNORECASE
)
#: looked for to know which are meant
WHICH = re.compile(
    r"\bfor\s+(?:the\s+|any\s+)?(?:affected|recalled|listed|lot|serial)|\bnumbers?\b|\bwhether\b|\bthat\b",
    re.IGNORECASE,
)
#: of those, what is exchanged on paper or on a screen
DOCUMENT = re.compile(
    r"\b(?:instructions?\s+for\s+use|ifus?|manuals?|labels?|labell?ing|stickers?|inserts?|guides?|versions?|templates?)\b",
    re.IGNORECASE,
)
#: not the whole of it, not all of them, or not at once
FEATURE = re.compile(r"\b(?:features?|functions?|modes?|options?|applications?|workflows?|sizes?)\b", re.IGNORECASE)
SOME = re.compile(
    r"\b(?:defective|damaged|faulty|failed|failing|cracked|leaking|broken|suspect(?:ed)?|discolou?red)\b|\bthat\s+(?:fail|show|are\s+damaged|do\s+not)",
    re.IGNORECASE,
)
#: words of more than is asked for in a sentence that asks for little
HINT = re.compile(
    r"\b(?:replacements?|corrections?|corrective|upgrades?|updates?|modifications?|repairs?|retrofits?|refunds?|exchanges?|explants?|rework)\b"
    r"|\bservice\s+(?:engineer|representative|visit|team|personnel)|\bfield\s+(?:service|action|modification)",
    re.IGNORECASE,
)
#: which of them, not all
WHICH_OF_THEM = re.compile(r"\b(?:with|without|that|which|whose|pass\w*)\b", re.IGNORECASE)
LATER = re.compile(r"\b(?:after|provided|only)\b", re.IGNORECASE)
#: which are meant
MEANT = re.compile(r"\b(?:affected|recalled|impacted|listed|identified|subject)\b", re.IGNORECASE)
DEVICE = re.compile(
    r"\b(?:products?|devices?|units?|lots?|batch(?:es)?|items?|kits?|packs?|trays?|box(?:es)?|suppl(?:y|ies)|materials?|goods|systems?"
    r"|pumps?|controllers?|catheters?|implants?|instruments?|meters?|monitors?|carts?|tables?|analy[sz]ers?|ventilators?|sets?|syringes?"
    r"|needles?|reagents?|tests?|cassettes?|connectors?|pouch(?:es)?|seals?|doors?|equipment|accessor(?:y|ies)|mechanisms?|beds?|handles?|housings?|tub(?:es?|ing)|blades?|clips?|staplers?"
    r"|lens(?:es)?|probes?|electrodes?|masks?|packag(?:es?|ing)|them|these|they|it)\b",
    re.IGNORECASE,
)
STORE = re.compile(r"\b(?:inventor(?:y|ies)|stocks?|shel(?:f|ves)|storage|records?|warehouses?)\b", re.IGNORECASE)
WITH_IT = re.compile(
    r"\b(?:with|along|together|and)\b.{0,40}\b(?:products?|devices?|units?)\b", re.IGNORECASE | re.DOTALL
)
FROM_USE = re.compile(
    r"\bfrom\s+(?:\w+\s+){0,3}(?:use|service|inventor(?:y|ies)|stocks?|shel(?:f|ves)|distribution|circulation|field|market|storage|sites?)\b",
    re.IGNORECASE,
)
FROM_ELSEWHERE = re.compile(
    r"\bfrom\s+(?:the\s+|its\s+|their\s+)?(?:patients?|packag\w*|pouch\w*|box\w*|body)\b", re.IGNORECASE
)
#: after "do not use it": it is said how, not that it must go
HOW = re.compile(
    r"^[^,;]{0,60}?\b(?:with(?!\s+(?:lot|serial|an?\s+expir))|near|while|during|if|above|below|beyond|outside|as|unless|after|on|for\s+(?!sale))\b",
    re.IGNORECASE,
)
#: before a word that is no verb here: "the updated labels", "the reply card"
NOUN_FOLLOWS = re.compile(
    r"\b(?:the|an?|its|their|your|new|our|any|following|of|this|attached|enclosed|completed|signed|recall|software|firmware|test|every|each|affected)\s+$",
    re.IGNORECASE,
)
OTHERS = re.compile(
    r"\b(?:un-?affected|un-?impacted|non-?affected|not\s+(?:affected|impacted|included)|other\s+(?:lots?|products?|devices?|models?))\b",
    re.IGNORECASE,
)
#: names of letters: what they call themselves asks for nothing
NAME = re.compile(
    r"[\"“](?=[^\"”]{0,120}[\"”])[^\"”]*?\b(?:recall|correction|removal|notice|notification|safety|alert|advisory|letter|urgent)\b[^\"”]*[\"”]"
    r"|\b(?:urgent|important|voluntary)\b[^.;\n]{0,80}?\b(?:letters?|notices?|notifications?|bulletins?|alerts?|advisor(?:y|ies)|e-?mails?)\b"
    r"|\b(?:recall|correction|removal|customer|field\s+safety|safety|product)\s+(?:letters?|notices?|notifications?|alerts?)\b",
    re.IGNORECASE,
)
NAMED_REMOVAL = re.compile(r"\bremoval|withdrawal", re.IGNORECASE)
#: words after "to", or at the beginning of a part, that ask for nothing
_NO_VERB = """
a an the all any each every both no its it them these those this that their your our his her affected recalled
impacted direct further other more same following attached enclosed at by for from in into of on or as be do so and to
with without within through via per us me you they we customers customer consignees consignee users user hospitals
hospital facilities facility distributors distributor accounts account patients patient physicians physician staff
personnel departments department aware careful firm manufacturer company representative representatives dealers
providers healthcare health medical sales your who whom which what where when if even regardless until once how not
never also then credit replacement questions number fax phone telephone mail date letter product products device
devices unit units lot lots stock inventory information details product's action actions quantity quantities patient's
use reuse prevent help avoid obtain receive assist allow enable
"""
NO_VERB = frozenset(_NO_VERB.split())

_CHINESE: tuple[tuple[str, str], ...] = (
    ("keep", r"(?:可以?|能|仍可)(?:继续|正常)使用|(?:无需|不需要?|不必|毋需)(?:对?产品)?(?:进行|采取)?(?:退回|退货|停用|停止使用|召回|返厂|措施|任何措施|处理)|仅为(?:提示|告知)"),
    ("stop", r"(?:立即)?(?:停止|暂停|停)(?:销售|使用|经营|用|售)(?:[和及、并或](?:销售|使用|经营))?|(?:不得|请?勿|禁止|不要)(?:再|继续)?(?:使用|销售)"),
    ("take", r"封存|隔离|下架|退回|退货|退还|收回|销毁|寄回|返还"),
    ("correct", r"升级|更新|更换|维修|检修|校正|校准|整改|重新(?:贴标|标识|贴签)|加贴"),
    ("look", r"检查|检测|核查|排查"),
    ("aware", r"注意|观察|监测|按照?说明书|知悉|阅读|了解"),
    ("paper", r"填写|回执|联系|传真|配合|转发|通知|告知|反馈|确认|保存|报告|上报|登记|统计|清点|核对"),
)  # fmt: skip
CHINESE_VERB = re.compile("|".join(f"(?P<{kind}>{written})" for kind, written in _CHINESE))
CHINESE_ASKED = re.compile(r"请|应|须|需|必须|要求|措施")
CHINESE_PAPER = re.compile(r"回执|确认函|反馈表|回函|表格|通知单|确认单")
CHINESE_PART = re.compile(r"电源|模块|部件|零件|电池|标签|说明书|电缆|软件|固件|主板|阀|传感器|螺钉|外箱|滤芯|程序")
CHINESE_STORE = re.compile(r"库存|台账|仓库|记录")
CHINESE_CONDITION = re.compile(r"如果?(?!有库存|仍?有涉及|存有|贵)|若|一旦|发现|异常时")
CHINESE_TERM = re.compile(r"直[至到]|待|之?前|至.{0,12}(?:完成|为止)")
CHINESE_CHOICE = re.compile(r"选择|自行|不合格|合格后")
CHINESE_DONE = re.compile(r"已(?!通知|要求|告知|发函)[^，,、]{0,6}$")
