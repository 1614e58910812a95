"""A release folder: a model version, the schema of its lists, and a certificate of its study.

The certificate can be checked without the store: every hash in it is computed anew from what lies
in the folder, and a release from the wealths it states.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from hashlib import sha256
from importlib.metadata import version as code_version
from math import log10
from pathlib import Path
from typing import Any

from app.reports.ci_formats import gate_data
from app.reports.release_cards import CARDS, scope, write_cards
from app.storage.model_registry import folder_hash
from app.storage.study_db.records import study_of
from app.storage.study_db.row_codec import canonical
from app.study.results import Judged
from app.workspace.settings import data_file
from app.workspace.workspace import House
from recsys.errors import BadInputError, BrandswipeError, IntegrityError, NotAllowedError
from recsys.report.verdict import Outcome
from recsys.study.policy import Study

CERTIFICATE, MODEL, LISTS = "certificate.json", "model", "lists.schema.json"
FORMAT = 1
CHECK = "A necessary check, not a promise of sales: measure engagement by arm."
_HALF = 0.005001  # what rounding to two digits may take off a wealth's logarithm


def pack(house: House, judged: Judged, out: Path) -> Path:
    """Write a release folder. Raises NotAllowedError unless a passing verdict or an override is."""
    _check_released(judged)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadInputError(f"{out} is there already: name another folder with --out.")
    version = house.registry.version(judged.row.model)
    house.registry.load(version.hash)  # what is packed is what was saved
    shutil.copytree(house.registry.folder / version.hash, out / MODEL)
    lists = data_file(LISTS).read_bytes()
    (out / LISTS).write_bytes(lists)
    cards = write_cards(house, judged, out / CARDS)
    said = _certificate(house, judged) | {"lists": sha256(lists).hexdigest(), "cards": cards}
    said["hash"] = _hash(said)
    text = json.dumps(said, ensure_ascii=False, indent=2, allow_nan=False)
    (out / CERTIFICATE).write_text(text + "\n", encoding="utf-8")
    return out


def _check_released(judged: Judged) -> None:
    if judged.row.challenger is not None:
        raise NotAllowedError(
            f"The study {judged.row.name} compares two versions and releases neither: open a study "
            "of the better one."
        )
    last = judged.overrides[-1] if judged.overrides else None
    outcome = last.outcome if last else judged.verdict.outcome
    if outcome == Outcome.RELEASE and last is None and not judged.report.policy.releases:
        raise NotAllowedError(
            f"The study {judged.row.name} passed, but its policy {judged.report.policy.name!r} is "
            "no permission to release: open a study of this model under a policy that releases. "
            "Whoever decides otherwise says so with `brandswipe study override`."
        )
    if outcome == Outcome.RELEASE:
        return
    said = f"It was overridden: {last.outcome}, {last.reason}" if last else judged.verdict.reason
    raise NotAllowedError(
        f"The study {judged.row.name} does not release this model. {said} Whoever decides "
        "otherwise says so with `brandswipe study override`."
    )


def _certificate(house: House, judged: Judged) -> dict[str, Any]:
    study, head = study_of(judged.row), house.store.head()
    place = {point.n: i for i, point in enumerate(judged.report.criteria[0].run)}
    at = place.get(judged.verdict.n)
    runs = [] if at is None else [(c, c.run[at].to_dict()) for c in judged.report.criteria]
    return {
        "format": FORMAT,
        "made_at": house.store.clock(),
        "code_version": code_version("brandswipe"),
        "study": study.to_dict() | {"hash": study.hash},
        "alpha": study.alpha,
        "verdict": gate_data(judged),
        "wealths": {found.criterion.name: point for found, point in runs},
        "invitations": house.store.invitations_hash(judged.row.hash),
        "chain_head": {"seq": head.seq, "commitment": head.commitment},
        "scope": scope(study),
        "check": CHECK,
    }


def _hash(certificate: Mapping[str, Any]) -> str:
    said = {key: value for key, value in certificate.items() if key != "hash"}
    return sha256(canonical(said).encode()).hexdigest()


def check(folder: Path) -> dict[str, Any]:
    """Return the certificate of a release folder that is what it says it is.

    Raises BadInputError where there is none to read and IntegrityError, with the names of what
    differs, where something was changed.
    """
    try:
        said = json.loads((folder / CERTIFICATE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise BadInputError(
            f"{folder} holds no readable {CERTIFICATE}: name a folder made by `brandswipe release`."
        ) from None
    try:
        differs = list(_differences(folder, said))
    except (KeyError, TypeError, AttributeError, OSError, BrandswipeError):
        differs = ["the certificate"]
    if differs:
        raise IntegrityError(
            f"The release {folder} is not what was certified: {', '.join(differs)} "
            f"{'differs' if len(differs) == 1 else 'differ'}. Do not use it; pack it again."
        )
    return dict(said)


def released(house: House, folder: Path) -> tuple[str, dict[str, Any]]:
    """Return the version of a release, taken into this workspace, and its study's policy.

    Raises as `check` does.
    """
    study = check(folder)["study"]
    house.registry.adopt(folder / MODEL)
    return str(study["model"]), dict(study["policy"])


def _differences(folder: Path, said: Mapping[str, Any]) -> Iterator[str]:
    if _hash(said) != said["hash"]:
        yield "the certificate"
    plain = dict(said["study"])
    written = plain.pop("hash")
    study = Study.from_dict(plain)
    if study.hash != written or study.alpha != said["alpha"]:
        yield "the study"
    if folder_hash(folder / MODEL) != study.model:
        yield "the model"
    if sha256((folder / LISTS).read_bytes()).hexdigest() != said["lists"]:
        yield "the schema of lists"
    for name, digest in said.get("cards", {}).items():
        if sha256((folder / CARDS / name).read_bytes()).hexdigest() != digest:
            yield f"the card {name}"
    if not _entitled(study, said):
        yield "the verdict"


def _entitled(study: Study, said: Mapping[str, Any]) -> bool:
    """Whether an override stands in it, or every wealth it states reaches 1 / alpha."""
    verdict = said["verdict"]
    if verdict["overrides"]:
        return bool(verdict["overrides"][-1]["outcome"] == Outcome.RELEASE)
    least = -log10(study.alpha) - _HALF
    names = [criterion.name for criterion in study.policy.criteria]
    passed = all(said["wealths"][name]["log10_lower"] >= least for name in names)
    enough = verdict["people"] >= study.policy.least_players
    may = study.policy.releases and verdict["outcome"] == Outcome.RELEASE
    return bool(may and passed and enough)
