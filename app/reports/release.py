"""A release folder: a model version, the schema of its lists, and a certificate of its study.

The certificate can be verified without the study database. Every hash in it is recomputed from the
files in the folder, and the release from the betting wealths that it states.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from hashlib import sha256
from importlib.metadata import version as code_version
from math import log10
from pathlib import Path
from typing import Any

from app.presentation.verdict_text import verdict_text
from app.reports.ci_formats import gate_data
from app.reports.release_cards import CARDS_FOLDER, scope_sentence, write_cards
from app.storage.model_registry import folder_hash
from app.storage.study_db.records import study_of
from app.storage.study_db.row_codec import canonical_json
from app.study.results import StudyStatus
from app.workspace.settings import data_file
from app.workspace.workspace import Workspace
from recsys.errors import BadInputError, BrandswipeError, IntegrityError, NotAllowedError
from recsys.report.gate import Outcome
from recsys.study.policy import Study

CERTIFICATE_FILE, MODEL_FOLDER, LISTS_SCHEMA_FILE = "certificate.json", "model", "lists.schema.json"
CERTIFICATE_FORMAT = 1
NECESSARY_CHECK = "A necessary check, not a promise of sales: measure engagement by arm."
_ROUNDING_TOLERANCE = 0.005001  # largest rounding error of a log10 wealth with two digits


def pack_release(workspace: Workspace, result: StudyStatus, folder: Path) -> Path:
    """Write a release folder and return its path.

    Raises NotAllowedError without a releasing verdict or override, BadInputError if the folder has
    files.
    """
    _require_releasable(result)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInputError(f"{folder} is there already: name another folder with --out.")
    version = workspace.registry.version(result.row.model)
    workspace.registry.load(version.hash)  # verifies that the saved bytes are unchanged
    shutil.copytree(workspace.registry.folder / version.hash, folder / MODEL_FOLDER)
    lists_schema = data_file(LISTS_SCHEMA_FILE).read_bytes()
    (folder / LISTS_SCHEMA_FILE).write_bytes(lists_schema)
    cards = write_cards(workspace, result, folder / CARDS_FOLDER)
    certificate = _build_certificate(workspace, result) | {
        "lists": sha256(lists_schema).hexdigest(),
        "cards": cards,
    }
    certificate["hash"] = _certificate_hash(certificate)
    text = json.dumps(certificate, ensure_ascii=False, indent=2, allow_nan=False)
    (folder / CERTIFICATE_FILE).write_text(text + "\n", encoding="utf-8")
    return folder


def _require_releasable(result: StudyStatus) -> None:
    if result.row.challenger is not None:
        raise NotAllowedError(
            f"The study {result.row.name} compares two versions and releases neither: open a study "
            "of the better one."
        )
    last_override = result.overrides[-1] if result.overrides else None
    outcome = last_override.outcome if last_override else result.verdict.outcome
    if outcome == Outcome.RELEASE and last_override is None and not result.report.policy.releases:
        raise NotAllowedError(
            f"The study {result.row.name} passed, but its policy {result.report.policy.name!r} "
            "does not allow a release: open a study of this model under a policy that releases. "
            "Whoever decides otherwise says so with `brandswipe study override`."
        )
    if outcome == Outcome.RELEASE:
        return
    explanation = (
        f"It was overridden: {last_override.outcome}, {last_override.reason}"
        if last_override
        else verdict_text("en", result.verdict)
    )
    raise NotAllowedError(
        f"The study {result.row.name} does not release this model. {explanation} Whoever decides "
        "otherwise says so with `brandswipe study override`."
    )


def _build_certificate(workspace: Workspace, result: StudyStatus) -> dict[str, Any]:
    study, chain_head = study_of(result.row), workspace.store.db.head()
    index_by_people = {point.n: i for i, point in enumerate(result.report.criteria[0].run)}
    index = index_by_people.get(result.verdict.n)
    points = [] if index is None else [(c, c.run[index].to_dict()) for c in result.report.criteria]
    return {
        "format": CERTIFICATE_FORMAT,
        "made_at": workspace.store.clock(),
        "code_version": code_version("brandswipe"),
        "study": study.to_dict() | {"hash": study.hash},
        "alpha": study.alpha,
        "verdict": gate_data(result),
        "wealths": {found.criterion.name: point for found, point in points},
        "invitations": workspace.store.invitations.list_hash(result.row.hash),
        "chain_head": {"seq": chain_head.seq, "commitment": chain_head.commitment},
        "scope": scope_sentence(study),
        "check": NECESSARY_CHECK,
    }


def _certificate_hash(certificate: Mapping[str, Any]) -> str:
    content = {key: value for key, value in certificate.items() if key != "hash"}
    return sha256(canonical_json(content).encode()).hexdigest()


def check_release(folder: Path) -> dict[str, Any]:
    """Verify a release folder and return its certificate.

    Raises BadInputError if no certificate can be read, and IntegrityError with the names of the
    parts that differ if anything was changed.
    """
    try:
        certificate = json.loads((folder / CERTIFICATE_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise BadInputError(
            f"{folder} holds no readable {CERTIFICATE_FILE}: name a folder made by `brandswipe "
            "release`."
        ) from None
    try:
        mismatches = list(_release_mismatches(folder, certificate))
    except (KeyError, TypeError, AttributeError, OSError, BrandswipeError):
        mismatches = ["the certificate"]
    if mismatches:
        raise IntegrityError(
            f"The release {folder} is not what was certified: {', '.join(mismatches)} "
            f"{'differs' if len(mismatches) == 1 else 'differ'}. Do not use it; pack it again."
        )
    return dict(certificate)


def adopt_release(workspace: Workspace, folder: Path) -> tuple[str, dict[str, Any]]:
    """Import the model version of a release; return its hash and the policy of its study.

    Raises the errors of `check_release`.
    """
    study = check_release(folder)["study"]
    workspace.registry.import_folder(folder / MODEL_FOLDER)
    return str(study["model"]), dict(study["policy"])


def _release_mismatches(folder: Path, certificate: Mapping[str, Any]) -> Iterator[str]:
    if _certificate_hash(certificate) != certificate["hash"]:
        yield "the certificate"
    study_data = dict(certificate["study"])
    stated_hash = study_data.pop("hash")
    study = Study.from_dict(study_data)
    if study.hash != stated_hash or study.alpha != certificate["alpha"]:
        yield "the study"
    if folder_hash(folder / MODEL_FOLDER) != study.model:
        yield "the model"
    if sha256((folder / LISTS_SCHEMA_FILE).read_bytes()).hexdigest() != certificate["lists"]:
        yield "the schema of lists"
    for name, digest in certificate.get("cards", {}).items():
        if sha256((folder / CARDS_FOLDER / name).read_bytes()).hexdigest() != digest:
            yield f"the card {name}"
    if not _entitles_release(study, certificate):
        yield "the verdict"


def _entitles_release(study: Study, certificate: Mapping[str, Any]) -> bool:
    """Return whether the last override releases or, without one, every wealth is >= 1 / alpha."""
    verdict = certificate["verdict"]
    if verdict["overrides"]:
        return bool(verdict["overrides"][-1]["outcome"] == Outcome.RELEASE)
    min_log10 = -log10(study.alpha) - _ROUNDING_TOLERANCE
    names = [criterion.name for criterion in study.policy.criteria]
    passed = all(certificate["wealths"][name]["log10_lower"] >= min_log10 for name in names)
    enough_people = verdict["people"] >= study.policy.least_players
    policy_allows = study.policy.releases and verdict["outcome"] == Outcome.RELEASE
    return bool(policy_allows and passed and enough_people)
