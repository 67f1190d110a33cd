"""Words of the reports that a reader may not know, in the order of the alphabet."""

from __future__ import annotations

GLOSSARY: tuple[tuple[str, str], ...] = (
    ("Account, region", "Where in AWS something is: whose it is, and in which place."),
    ("Cell", "One source in one account and region for the period: the unit of collecting."),
    (
        "Check",
        "One question, with its parameters, about one kind of resource, answered by one or "
        "more sources for each account and region.",
    ),
    ("Claim", "What a control is for, in one sentence."),
    (
        "Compliant",
        "Nothing fails, every required check was answered everywhere in scope, and what "
        "people have to provide was accepted.",
    ),
    (
        "Contemporaneous",
        "Collected within the period or seven days after, and true at its end.",
    ),
    (
        "Content digest",
        "A SHA-256 over all that was found. Equal evidence has an equal digest.",
    ),
    ("Control", "One demand of the framework. Control sets are its chapters."),
    ("Coverage", "How many of the applicable controls could be judged at all."),
    ("Current only", "Known of the present alone; decides nothing about a past period."),
    ("Evidence", "An item of what a source answered, with the raw page that it came from."),
    (
        "Exception",
        "A decision that a failing resource is excused for a time, by an owner and another "
        "person's approval. The failure stays visible.",
    ),
    ("Excused", "Failing, and covered by an exception in force."),
    ("Gap", "Evidence that is missing. A blocking one keeps the result from being complete."),
    (
        "Inconclusive",
        "Not known: a required check is open somewhere, or evidence from people is not "
        "accepted yet. It never counts as compliant.",
    ),
    (
        "Interim",
        "Of a reduced scope, or of a period that has not ended. Never the final result.",
    ),
    (
        "Non-compliant",
        "A resource in scope fails a check of the control, and no exception in force covers it.",
    ),
    (
        "Not applicable",
        "Taken out by a recorded decision; counted beside the score, not in it.",
    ),
    ("Period", "From its beginning up to, and without, its end, in UTC."),
    ("Population", "All resources that a check looked at, whatever the answer."),
    ("Raw result", "What the source said, before any decision of people."),
    ("Receipt", "The proof of how complete one cell's collection is."),
    ("Reconstructed", "Known of the past from a history or from logs."),
    (
        "Required, supporting, shown",
        "What a check is to a control: it has to be answered; only its failures count; it "
        "decides nothing.",
    ),
    ("Resource assessment", "Audit Manager's unit of price: one item about one resource."),
    (
        "Score",
        "Compliant controls in per cent of the applicable ones; inconclusive ones stay among "
        "these, so that missing evidence never raises it.",
    ),
    ("Snapshot", "What one cell yielded at one time: raw pages, evidence and receipt."),
    ("Source", "Who answers: AWS Config, AWS Security Hub, an API, a person."),
    ("Unanswered", "Looked at, but the source gave no verdict."),
)
