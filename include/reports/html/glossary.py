"""Words of the report that a reader may not know, in the order of the alphabet."""

from __future__ import annotations

GLOSSARY: tuple[tuple[str, str], ...] = (
    (
        "Cell",
        "One source, account and region in one period: what is asked for at once, and what a "
        "receipt is about.",
    ),
    (
        "Check",
        "One question, with its parameters, about one kind of resource. Controls map to checks; "
        "a required check has to be answered, a supporting one counts only when it fails, a shown "
        "one decides nothing.",
    ),
    (
        "Compliant",
        "Nothing fails, every required check was answered everywhere in scope, and what people "
        "have to provide was accepted.",
    ),
    (
        "Contemporaneous",
        "Collected within the period or at most seven days after it, and known to hold at its end.",
    ),
    ("Coverage", "How many of the applicable controls could be judged at all."),
    (
        "Exception",
        "A recorded decision that a failing resource is accepted for a time: with a reason, an "
        "owner, another person's approval and an end. The raw result stays visible.",
    ),
    (
        "Inconclusive",
        "Not known: a required check is open somewhere, or evidence by people is not accepted "
        "yet. It never counts as compliant.",
    ),
    ("Interim", "Of reduced scope or sources, or of a period that has not ended: not final."),
    ("Non-compliant", "A resource in scope fails a check, and no valid exception covers it."),
    (
        "Not applicable",
        "Taken out by a recorded decision; counted beside the score, not in it.",
    ),
    (
        "Population",
        "Every resource that a check judged, with its result; the counts reconcile with the "
        "receipts.",
    ),
    ("Present only", "The source has no past; such an item decides nothing about a past period."),
    (
        "Receipt",
        "The proof of how complete a cell's collection is: each request, pages, items and how it "
        "ended.",
    ),
    ("Reconstructed", "Taken from a history or from logs, for a time that was over by then."),
    (
        "Score",
        "Compliant controls in per cent of the applicable ones. Inconclusive controls stay in the "
        "denominator, so missing evidence never raises it.",
    ),
)
