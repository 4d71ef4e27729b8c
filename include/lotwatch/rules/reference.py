"""The reference page of the built-in rules, from the decision tables themselves."""

from datetime import timedelta
from pathlib import Path
from typing import Literal

from lotwatch.paths import RULES
from lotwatch.rules.tables import Rule, load_rules

_WORDS = {
    "en": {
        "title": "Rules",
        "about": "The rules that come with Lotwatch. Made from `include/rules` by `lotwatch rules reference`; the columns "
        "are in [facts.md](facts.md).",
        "subject": "subject", "when": "when", "clear_when": "ends when", "severity": "severity", "else": "else",
        "show": "shows also",
        "notify": "told", "escalate": "{to} if nobody acknowledges it within {after}", "duty": "duty",
        "unchecked": " Not checked against its source.",
        "due": "{recipient}: {within}, from {clock_start} ({role}; {source})", "only": "noted alone, told to nobody",
    },
    "zh": {
        "title": "规则",
        "about": "Lotwatch 自带的规则。由 `lotwatch rules reference --lang zh` 根据 `include/rules` 生成；列的含义见 "
        "[facts.md](facts.md)。",
        "subject": "对象", "when": "触发条件", "clear_when": "结束条件", "severity": "级别", "else": "其他",
        "show": "另显示",
        "notify": "通知", "escalate": "{after} 内无人确认则通知 {to}", "duty": "法定义务",
        "unchecked": "未与出处核对。",
        "due": "{recipient}：{within}，自{clock_start}起（{role}；{source}）", "only": "仅记录，不通知任何人",
    },
}  # fmt: skip


def as_markdown(lang: Literal["en", "zh"], folder: Path = RULES) -> str:
    """All rules below a folder, one section for each pack (a folder of tables). Raises RuleError."""
    words = _WORDS[lang]
    parts = [f"# {words['title']}\n\n{words['about']}\n"]
    for pack in sorted(path for path in folder.iterdir() if path.is_dir()):
        rules = sorted(load_rules(pack), key=lambda rule: rule.id)
        parts.append(f"## {pack.name}\n\n" + "\n".join(_section(rule, lang) for rule in rules))
    return "\n".join(parts)


def _section(rule: Rule, lang: Literal["en", "zh"]) -> str:
    words = _WORDS[lang]
    levels = "; ".join(
        f"{each.level}: `{each.when}`" if each.when else f"{words['else']}: {each.level}" for each in rule.severity
    )
    facts = {
        words["subject"]: f"`{rule.subject}`",
        words["when"]: f"`{' '.join(str(rule.when).split())}`",
        words["clear_when"]: f"`{' '.join(str(rule.clear_when).split())}`" if rule.clear_when else None,
        words["severity"]: levels,
        words["show"]: ", ".join(f"`{name}`" for name in rule.show),
        words["notify"]: words["only"]
        if rule.mode == "shadow"
        else ", ".join([*rule.notify, *_escalation(rule, lang)]),
        words["duty"]: _duty(rule, lang),
    }
    lines = "".join(f"- {name}: {value}\n" for name, value in facts.items() if value)
    advice = f"{getattr(rule.advice, lang)}\n\n" if rule.advice else ""
    return f"### {getattr(rule.title, lang)} (`{rule.id}`)\n\n{advice}{lines}"


def _escalation(rule: Rule, lang: Literal["en", "zh"]) -> list[str]:
    if rule.escalate_after is None:
        return []
    return [
        _WORDS[lang]["escalate"].format(
            to=", ".join(rule.escalate_to or rule.notify), after=_hours(rule.escalate_after)
        )
    ]


def _hours(time: timedelta) -> str:
    hours = time.total_seconds() / 3600
    return f"{hours:g} h"


def _duty(rule: Rule, lang: Literal["en", "zh"]) -> str | None:
    if rule.duty is None:
        return None
    duty = rule.duty.model_dump() | rule.duty.told(lang)
    return _WORDS[lang]["due"].format(**duty) + ("" if rule.duty.checked else _WORDS[lang]["unchecked"])
