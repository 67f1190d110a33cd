"""The files of a package, in the order in which they are written, and what each holds."""

from __future__ import annotations

from typing import NamedTuple


class PackageFile(NamedTuple):
    """A file's path within the package (a folder's ends in a slash), and what it holds."""

    path: str
    holds: str


#: Every report of a package. Manifest, checksums and signature come with the sealing.
PACKAGE_FILES: tuple[PackageFile, ...] = (
    PackageFile("report.pdf", "Everything to be read, printable."),
    PackageFile(
        "report.html", "The same for a browser, with search and filters; needs no network."
    ),
    PackageFile("workbook.xlsx", "The tables below as sheets, and the sums they agree in."),
    PackageFile("report.json", "The whole result for programs."),
    PackageFile("controls.csv", "One row for each control: status, reason, counts."),
    PackageFile("failing.csv", "One row for each control, check and resource that fails."),
    PackageFile("evidence.csv", "Every item of evidence with the controls it speaks to."),
    PackageFile("evidence.jsonl", "The same for programs, with all attributes."),
    PackageFile("population.csv", "Every resource that a check judged, and how."),
    PackageFile("exceptions.csv", "Exceptions and the registers' other decisions."),
    PackageFile("receipts.csv", "One row for each receipt, with its counts and digests."),
    PackageFile(
        "samples.csv", "The samples drawn from the population; anybody can draw them again."
    ),
    PackageFile(
        "workpapers.pdf", "Populations reconciled to receipts, samples, how each source was asked."
    ),
    PackageFile("receipts/", "Every receipt whole, with the exact requests; one file each."),
    # Last, for it names the others with their digests.
    PackageFile("oscal/assessment-results.json", "The result as OSCAL, for other tools."),
)
