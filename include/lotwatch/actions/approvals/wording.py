"""A proposal as a person is asked about it, in both languages (Markdown)."""

from dataclasses import dataclass
from datetime import datetime

from lotwatch.actions.approvals.deciding import Question
from lotwatch.actions.proposals import KINDS, Line, Proposal
from lotwatch.config import Words


@dataclass(frozen=True, slots=True)
class Asking:
    """What a task shows to whom it asks, and for how many seconds."""

    proposal_id: int
    revision: int
    code: str
    step: str
    subject: str
    body: str
    seconds: int


def in_words(question: Question, step: Words, as_of: datetime) -> Asking:
    """The question: what, from where to where, what it comes to, why, what else there was, and what happens otherwise."""
    proposal = question.proposal
    english, chinese = KINDS[proposal.kind]
    money = f"{proposal.total:,.2f} {proposal.currency}"
    body = [
        f"**{proposal.code}** {chinese} / {english}: {_whence(proposal)} → {proposal.site_name}",
        f"{step.zh} / {step.en}",
        *_what(proposal),
        _table(proposal),
        f"**Total 合计: {money}**",
        *_reasons(proposal),
    ]
    return Asking(
        proposal_id=proposal.proposal_id,
        revision=proposal.revision,
        code=proposal.code,
        step=question.step,
        subject=f"{proposal.code}: {_whence(proposal)} for {proposal.site_name}, {money}",
        body="\n\n".join(body),
        seconds=max(1, int((question.until - as_of).total_seconds())),
    )


def _whence(proposal: Proposal) -> str:
    return proposal.supplier_name or proposal.from_site_name or KINDS[proposal.kind][0]


def _what(proposal: Proposal) -> list[str]:
    """Of what people are to do: what that is."""
    said = proposal.details.get("what")
    return [f"**{said['zh']} / {said['en']}**"] if said else []


def _table(proposal: Proposal) -> str:
    rows = "\n".join(
        f"| {_named(line)} | {line.quantity:,} | {line.unit_price:,.2f} | {line.quantity * line.unit_price:,.2f} |"
        f" {line.requested_on} |"
        for line in proposal.lines
    )
    return (
        f"| item 物料 | quantity 数量 | price 单价 | amount 金额 | needed 需求日期 |\n|---|---:|---:|---:|---|\n{rows}"
    )


def _named(line: Line) -> str:
    number = line.serial_number or line.lot_number
    return f"{line.item_code} {line.item_name}" + (f", {number}" if number else "")


def _changed(line: Line) -> str:
    """What becomes of an item of an order that is sent."""
    before, after = (
        ", ".join(f"{part['quantity']:,} ({part['requested_on']})" for part in line.why[name]) or "0"
        for name in ("before", "after")
    )
    return f"{line.item_code}: {before} → {after}"


def _reasons(proposal: Proposal) -> list[str]:
    said = [_changed(line) for line in proposal.lines if "change" in line.why]
    if proposal.cost is not None:
        said.append(f"Costs 成本: {proposal.cost:,.2f} {proposal.currency}")
    if proposal.saves is not None:
        said.append(f"Saves 节省: {proposal.saves:,.2f} {proposal.currency}")
    if proposal.confidence is not None:
        said.append(f"Confidence 置信度: {proposal.confidence:.0%}")
    for other in proposal.alternatives:
        why = other["why_not"]
        said.append(f"Instead of 备选 {KINDS.get(other['kind'], (other['kind'],) * 2)[0]}: {why['en']} / {why['zh']}")
    if proposal.if_nobody_acts:
        said.append(f"If nobody acts 如不处理: {proposal.if_nobody_acts['en']} / {proposal.if_nobody_acts['zh']}")
    return said
