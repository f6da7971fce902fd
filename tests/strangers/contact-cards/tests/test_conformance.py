"""What ``graphbit plugins check`` and pytest try the loader by."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from contact_cards import VCardLoader

from graphbit_core.testing import LoaderConformance

SAMPLE = """BEGIN:VCARD
VERSION:4.0
FN:Ada Lovelace
ORG:Analytical Engine;Programs
EMAIL;TYPE=work:ada@example.org
TEL:+44 20 0000
NOTE:Wrote the first program\\, for a machine
  that was never built.
END:VCARD

BEGIN:VCARD
VERSION:4.0
FN:Kurt Gödel
END:VCARD
"""


class TestVCardLoader(LoaderConformance):
    """The rules that all loaders keep."""

    component = VCardLoader

    def write_sample(self, folder: Path) -> Path:
        path = folder / "people.vcf"
        path.write_text(SAMPLE, encoding="utf-8")
        return path

    def write_faulty(self, folder: Path) -> Mapping[Path, str]:
        faults = {
            "nobody": ("\n", "empty"),
            "open": ("BEGIN:VCARD\nFN:Ada\n", "malformed"),
            "nameless": ("BEGIN:VCARD\nORG:Nobody\nEND:VCARD\n", "malformed"),
            "letter": ("Dear Ada,\n", "malformed"),
        }
        for name, (text, _) in faults.items():
            (folder / f"{name}.vcf").write_text(text)
        return {folder / f"{name}.vcf": reason for name, (_, reason) in faults.items()}


def test_a_person_is_a_document_without_what_is_private(tmp_path: Path) -> None:
    path = tmp_path / "people.vcf"
    path.write_text(SAMPLE, encoding="utf-8")
    ada, kurt = VCardLoader().load(path)
    assert ada.text.splitlines() == [
        "Ada Lovelace",
        "organisation: Analytical Engine, Programs",
        "e-mail: ada@example.org",
        "note: Wrote the first program, for a machine that was never built.",
    ]
    assert kurt.metadata == {"source": str(path), "paragraph": 2, "title": "Kurt Gödel"}
    assert "+44 20 0000" in next(VCardLoader(private=True).load(path)).text
