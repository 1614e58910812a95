"""Make the workspace that tests/test_old_workspace.py opens.

It runs at commit ffbca3e and not later, because the names that it imports moved since:

    git worktree add /tmp/old ffbca3e
    cp -r tests/support /tmp/old/tests/
    cd /tmp/old && python -m tests.support.old_workspace.make

It writes workspace.tar.xz and expected.json beside itself: a shop of 56 customers and 70 brands,
four model versions, three studies, and a job of each kind with one that has no end. Deck ids, salts
and seeds are random, so another run makes another workspace: the two files belong together.
"""

import io
import json
import lzma
import os
import shutil
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, replace
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd
from app.backup import back_up
from app.carousel_parts import Order
from app.carousels import write_all
from app.certificate import check, pack
from app.comparing import parameters
from app.fitting import refit
from app.game import Game, Player
from app.gate_files import gate_data
from app.house import BASELINE, House
from app.ingest import ingest
from app.invitations import invite
from app.inviting import Invited
from app.job_run import run
from app.jobs import WORK, Jobs
from app.learning import learn_from
from app.listing import import_lists
from app.login import badge, guest, participant_of
from app.opening import open_study
from app.planting import plant_folder
from app.policies import COMPARE, ready_policy
from app.registry import Version, folder_hash
from app.report_files import as_data
from app.rows.codec import canonical
from app.rows.records import DealtDeck, Incoming, Refusal, Step, StudyRow
from app.settings import Login, Settings
from app.simulation import Colleagues
from app.store import Store
from app.studies import judge, study_of
from app.tokens import DeckTokens
from app.visitor import COOKIE
from recsys.colleagues import panel
from recsys.deck import Arm, Card, Origin, Stratum, deck_hash
from recsys.model import FitOptions, Weights
from recsys.policy import Policy, StudyKind
from recsys.swipes import Answer, SwipeKind

from app import consent, planting

HERE = Path(__file__).parent
ENVIRON = {
    "BRANDSWIPE_SIGNING_KEY": "a signing key of a test alone".replace(" ", "-"),
    "BRANDSWIPE_PSEUDONYM_KEY": "a pseudonym key of a test alone".replace(" ", "-"),
    "BRANDSWIPE_LINK_KEY": "a link key of a test alone".replace(" ", "-"),
    "BRANDSWIPE_CUSTOMER_KEY": "a customer key of a test alone".replace(" ", "-"),
}
CUSTOMERS, SEED = 56, 7
BRANDS = 70
GUEST = "oldguestoldguestoldgue"
START = 1_795_000_000_000  # some days after the end of the planted log
BINDING = GUEST


class Clock:
    """A second later at each look. Milliseconds since 1970."""

    now = START

    def __call__(self) -> int:
        self.now += 1_000
        return self.now


def silent(_stage: str, _fraction: float) -> None:
    """Nobody watches."""


def small_shop(folder: Path) -> None:
    """Plant a shop of the demo's best known brands, so that the workspace stays small."""
    brands = planting.catalogue_of_brands().sort_values("popularity_rank").head(BRANDS)
    planting.catalogue_of_brands = lambda: brands.copy()
    plant_folder(folder, CUSTOMERS, SEED, silent)


class Maker:
    """Fills one workspace, and notes what must be read in it for ever."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.workspace, self.clock = folder, folder / "workspace", Clock()
        self.settings = Settings(workspace=self.workspace, login=Login.LOCAL)
        self.house = House(self.settings)
        self.expected: dict[str, Any] = {"environ": ENVIRON}

    @property
    def store(self) -> Store:
        return self.house.store

    def make(self) -> None:
        small_shop(self.folder / "shop")
        ingest(
            self.workspace, str(self.folder / "shop"), customers=self.house.customers,
            now=START // 1000,
        )  # fmt: skip
        self.workspace.mkdir(exist_ok=True)
        self.house._store = Store(self.settings.store_path, clock=self.clock)
        first = self.jobs_and_models()
        self.remarks(first)
        self.live(first)
        simulated = self.simulated(first)
        self.duel(first)
        self.learnt(first, simulated)
        self.accounts()
        self.release(simulated)
        self.carousels(first)
        self.store.log("study_opened", kind="live")
        self.note_all()
        self.back_up()

    # models and jobs

    def jobs_and_models(self) -> Version:
        quick = FitOptions(factors=4, iterations=2, weights=Weights(1.0, 0.3, 0.1))
        house = self.house
        first = refit(
            house.registry, house.warehouse, house.policy, FitOptions(factors=4, iterations=3),
            BASELINE, silent,
        )  # fmt: skip
        house.registry.point("champion", first.hash)
        plain = asdict(quick) | {"source": {"since": "", "until": ""}, "evaluate": True}
        second = self.job("fit", plain)
        self.expected["second"] = second
        self.expected["lists"] = self.lists()
        house.registry.point("candidate", first.hash)
        self.job("evaluate", {"model": first.hash})
        self.job("compare", {"first": first.hash, "second": second})
        self.job("power", {"model": first.hash, "players": 30, "seed": 1, "panel": "honest"})
        row = self.store.add_job("feedfacefeedface", "fit", plain)
        assert row is not None
        self.store.job_runs(row.id, 4_000_000, "long ago")
        (self.workspace / "jobs" / f"{row.id}.json").write_text(
            json.dumps(
                {"stage": "learning the brands", "fraction": 0.5, "since": START,
                 "notes": {"iteration": 1, "loss": 0.5}, "heartbeat": START}
            ),
            encoding="utf-8",
        )  # fmt: skip
        return first

    def lists(self) -> str:
        """A version that is lists of another system."""
        customers = sorted(self.house.warehouse.customer_ids())[:5]
        rows = [(c, name, 5.0 - n) for c in customers for n, name in enumerate(self.named(5))]
        path = self.folder / "lists.parquet"
        pd.DataFrame(rows, columns=["customer", "brand", "score"]).to_parquet(path)
        return import_lists(self.house, path, "theirs", silent).version.hash

    def job(self, kind: str, args: dict[str, Any]) -> str:
        """Do the work of a job in this process."""
        id = f"{kind:0<16}".encode().hex()[:16]
        assert self.store.add_job(id, kind, args) is not None
        self.store.job_runs(id, os.getpid(), "now")
        (self.workspace / "jobs").mkdir(exist_ok=True)
        run(self.settings, id, WORK[kind])
        row = self.store.job(id)
        assert row is not None
        assert row.outcome == "done", row
        return row.message or ""

    def remarks(self, version: Version) -> None:
        notes = self.house.registry.remarks
        notes.note(version.hash, "The first one, from a test.")
        notes.tag(version.hash, "spring")
        notes.tag(version.hash, "gone")
        notes.untag(version.hash, "gone")

    def learnt(self, version: Version, row: StudyRow) -> None:
        self.expected["learnt"] = learn_from(self.house, version, row, silent).hash

    # studies

    def open(
        self, name: str, kind: StudyKind, policy: Policy, model: str, other: str | None = None,
        dates: tuple[int | None, int | None] = (None, None),
    ) -> StudyRow:  # fmt: skip
        return open_study(
            self.store, name, kind, policy, model, BASELINE, 12345678901234567890, other, dates
        )

    def live(self, version: Version) -> None:
        """Real colleagues: decks closed, taken back, refused, forgotten, and one still open."""
        dates = (START - 1, START + 10**12)
        row = self.open("Old live", StudyKind.LIVE, self.house.policy, version.hash, dates=dates)
        game = self.house.game(row)
        customers = self.known(24)
        people = [
            Invited(f"p{n}@shop.test", {"email": f"p{n}@shop.test", "Floor": f"floor {n % 2}"})
            for n in range(24)
        ]
        codes = [f"coffee-{n}" for n in range(20)]
        invite(self.house, row, people, "https://play.shop.test", "Floor", codes)
        players = [
            Player(
                participant_of(self.house.keys, f"p{n}@shop.test"), Origin.OWN, customers[n],
                language="nl" if n % 2 else "en",
            )
            for n in range(13)
        ]  # fmt: skip
        for player in players:
            consent.note(self.store, player.participant, yes=True)
            game.reach(player, Step.OPENED)
            game.reach(player, Step.LINKED)
        consent.note(self.store, "somebody who says no", yes=False)
        decks = [self.play(game, player, n) for n, player in enumerate(players[:11])]
        self.refusals(game, players[0], decks[0])
        self.store.forget(players[10].participant)
        opened = game.start(players[11])
        self.token(opened.deck.id, players[11].participant)
        someone = guest(self.house.keys, GUEST)
        fun = Player(someone.participant, Origin.ELICITED, named=self.named(5))
        deck = game.start(fun).deck
        game.swipe(deck.id, self.posts({c.position: Answer.FAVOURITE for c in deck.cards}))
        game.finish(deck.id)
        self.expected["guest"] = {
            "cookie": f"{COOKIE}={GUEST}", "participant": someone.participant, "deck": deck.id,
        }  # fmt: skip

    def known(self, n: int) -> list[str]:
        brain = self.house.brain()
        ids = brain.warehouse.customer_ids()
        return list(islice((c for c in ids if len(brain.evidence_of(c)) >= 8), n))

    def named(self, n: int) -> tuple[str, ...]:
        return tuple(str(name) for name in self.house.brain().catalogue.brands[:n])

    def play(self, game: Game, player: Player, n: int) -> str:
        dealt = game.start(player).deck
        said = {card.position: answer_of(card, n) for card in dealt.cards}
        posts = self.posts(said)
        undo = replace(
            posts[0], id=f"{n}-undo", kind=SwipeKind.UNDO, answer=None, tab_seq=100, shown_ms=None
        )
        again = replace(posts[0], id=f"{n}-again", tab_seq=101)
        game.swipe(dealt.id, posts[:10])
        game.swipe(dealt.id, [undo, again, *posts[10:]])
        game.end(dealt.id)
        if n == 1:  # one that came too late
            game.swipe(dealt.id, [replace(posts[1], id="1-late", tab_seq=102)])
        return dealt.id

    def posts(self, said: Mapping[int, Answer]) -> list[Incoming]:
        return [
            Incoming(
                f"{place}", place, SwipeKind.ANSWER, answer, "tab", n, 900 + 10 * n, "key", "desk",
                START + n,
            )
            for n, (place, answer) in enumerate(said.items(), start=1)
        ]  # fmt: skip

    def refusals(self, game: Game, player: Player, deck: str) -> None:
        places = [t.card.position for t in game.reveal(deck, player) if t.asks]
        reasons = [Refusal.GIFT, Refusal.ONCE, Refusal.USED_TO, Refusal.SHARED, Refusal.BAD]
        for place, reason in zip(places, reasons, strict=False):
            game.refuse(deck, player, place, reason)
        game.refuse(deck, player, places[0], Refusal.TAKEN_BACK)

    def token(self, deck: str, participant: str) -> None:
        """A page's pass, and what an old tab still holds back."""
        tokens = DeckTokens(self.house.keys, clock=lambda: self.clock.now / 1000)
        token = tokens.sign(participant, deck, BINDING, seconds=100 * 365 * 24 * 3600)
        swipes = [
            {
                "id": f"unsent-{n}", "position": n, "kind": "answer", "answer": "favourite",
                "tab": "old-tab", "tab_seq": n, "shown_ms": 1000, "input": "touch",
                "device_class": "phone", "client_at": START,
            }
            for n in (1, 2)
        ]  # fmt: skip
        body = {"schema": 1, "token": token, "swipes": swipes}
        self.expected["pass"] = {
            "token": token, "participant": participant, "deck": deck, "binding": BINDING,
            "bound": tokens.read(token, BINDING).bound, "body": body,
        }  # fmt: skip

    def simulated(self, version: Version) -> StudyRow:
        usual = ready_policy("worth-a-quarter")
        low = tuple(replace(each, bar=0.3) for each in usual.criteria)
        rule = replace(usual, criteria=low, least_players=20, balance=9.0)
        row = self.open("Old simulated", StudyKind.SIMULATED, rule, version.hash)
        game = self.house.game(row)
        colleagues = Colleagues.of(self.workspace)
        for done in colleagues.play(game, self.house.keys, 60, 3, panel("keen")):
            if done % 5 == 0 and judge(self.store, row).decision is not None:
                break
        judged = judge(self.store, row)
        print("simulated", judged.verdict.outcome, judged.verdict.reason)
        self.store.override(row.hash, "hold", "PM", "Not in this season.")
        self.store.override(row.hash, "release", "head of shop", "In the next one after all.")
        return row

    def duel(self, first: Version) -> None:
        rule = ready_policy(COMPARE)
        row = self.open("Old duel", StudyKind.LIVE, rule, first.hash, self.expected["second"])
        game = self.house.game(row)
        for n, customer in enumerate(self.known(4)):
            player = Player(f"duellist {n}", Origin.OWN, customer)
            consent.note(self.store, player.participant, yes=True)
            self.play(game, player, n)
        self.store.close_study(row.hash, "the old tests end here")

    # beside the study

    def accounts(self) -> None:
        keys, accounts = self.house.keys, self.house.accounts
        accounts.clock = self.clock
        accounts.replace_table({badge(keys, f"p{n}@shop.test"): f"c{n:07d}" for n in range(3)})
        nonce = accounts.issue(badge(keys, "p9@shop.test"))
        accounts.link(badge(keys, "p9@shop.test"), nonce, "c0000009")
        accounts.issue(badge(keys, "p8@shop.test"))
        self.expected["accounts"] = {
            badge(keys, f"p{n}@shop.test"): f"c{n:07d}" for n in (0, 1, 2, 9)
        }

    def release(self, row: StudyRow) -> None:
        pack(self.house, judge(self.store, row), self.workspace / "release")
        self.expected["certificate"] = check(self.workspace / "release")

    def carousels(self, version: Version) -> None:
        order = Order(
            version.hash, self.house.policy.to_dict(), 5, arms={"model": 50, "none": 50}, seed=3
        )
        out = self.workspace / "carousels"
        write_all(self.house, order, out, 1, silent)
        self.expected["carousels"] = json.loads((out / "carousels.json").read_text())

    def back_up(self) -> None:
        self.house.close()
        path, said = back_up(
            self.workspace, self.folder / "backup.tar", self.house.keys, self.clock(), events=False
        )
        self.expected["backup"] = asdict(said)
        path.rename(self.workspace / "backup.tar")

    # what must be read for ever

    def note_all(self) -> None:
        store, clock = self.store, self.clock
        store.clock = lambda: clock.now  # all below is read at one moment
        self.expected["now"] = clock.now
        studies = [self.study(row) for row in store.studies()]
        self.expected["studies"] = {said["name"]: said for said in studies}
        self.expected["decks"] = {
            dealt.deck.id: self.deck(dealt, whole=n == 0)
            for row in store.studies()
            for n, dealt in enumerate(store.decks_of(row.hash))
        }
        head = store.head()
        self.expected["head"] = {"seq": head.seq, "commitment": head.commitment}
        self.expected["broken"] = store.broken_links()
        self.expected["migrations"] = store.step_names()
        self.expected["account_migrations"] = self.house.accounts.step_names()
        self.expected["models"] = {v.hash: self.model(v) for v in self.house.registry.versions()}
        self.expected["aliases"] = self.house.registry.aliases()
        self.expected["remarks"] = (self.workspace / "models" / "remarks.jsonl").read_text()
        self.expected["event_store"] = self.house.warehouse.version
        jobs = Jobs(self.settings, Store(self.settings.store_path, clock=lambda: clock.now))
        unfinished = "feedfacefeedface"
        self.expected["jobs"] = {
            row.id: {
                "kind": row.kind,
                "outcome": row.outcome,
                "message": row.message,
                "result": sha256(canonical(jobs.result(row.id)).encode()).hexdigest(),
            }
            for row in store.jobs()
        }
        assert self.expected["jobs"][unfinished]["outcome"] is None
        jobs.store.close()

    def study(self, row: StudyRow) -> dict[str, Any]:
        store, study = self.store, study_of(row)
        judged = judge(store, row)
        return {
            "name": row.name,
            "hash": row.hash,
            "recomputed": study.hash,
            "policy_hash": study.policy.hash,
            "policy": dict(row.policy),
            "kind": row.kind.value,
            "plays_from": row.plays_from,
            "plays_until": row.plays_until,
            "invitations": store.invitations_hash(row.hash),
            "scores": [[c.number, c.why_not, c.score] for c in store.closings(row.hash)],
            "gate": gate_data(judged),
            "report": as_data(judged),
        }

    def deck(self, dealt: DealtDeck, whole: bool) -> dict[str, Any]:
        store, deck = self.store, dealt.deck
        cards = store._rows("select cards from decks where id = ?", deck.id)[0]["cards"]
        more = {
            "cards": json.loads(cards),
            "answers": {str(k): v.value for k, v in store.answers_of(deck.id).items()},
            "refusals": {str(k): v.value for k, v in store.refusals_of(deck.id).items()},
            "closes_at": dealt.closes_at,
            "event_store_version": dealt.event_store_version,
            "language": dealt.language,
        }
        assert deck_hash(deck) == deck.hash
        late = [swipe.id for swipe in store.swipes_of(deck.id, late=True)]
        plain = {"hash": deck.hash, "origin": deck.origin.value, "late": late}
        return {**plain, "participant": deck.participant, **(more if whole else {})}

    def model(self, version: Version) -> dict[str, Any]:
        brain = self.house.brain(version.hash)
        customers = self.known(3)
        if "options" not in version.meta:  # lists of another system
            customers = sorted(self.house.warehouse.customer_ids())[:3]
        return {
            "files": folder_hash(self.house.registry.folder / version.hash),
            "made_at": version.made_at,
            "parameters": parameters(version),
            "ranks": {c: [s.brand for s in brain.rank(brain.evidence_of(c), 5)] for c in customers},
        }


def answer_of(card: Card, n: int) -> Answer:
    """Likes most picks, refuses some, knows not every decoy."""
    if card.position % 7 == n % 7:
        return Answer.DONT_KNOW
    if card.stratum is Stratum.PICK or Arm.CHALLENGER in card.arms:
        return (Answer.NOT_FAVOURITE, Answer.FAVOURITE, Answer.SUPER_LIKE)[card.position % 3]
    return Answer.FAVOURITE if card.position % 5 == 0 else Answer.NOT_FAVOURITE


def packed(folder: Path, to: Path) -> None:
    """Pack a folder: files in order, no times, no owners."""
    with tarfile.open(to, "w:xz", preset=9 | lzma.PRESET_EXTREME, format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.name.endswith(("-wal", "-shm")):
                head = tarfile.TarInfo(path.relative_to(folder).as_posix())
                head.size, head.mode = path.stat().st_size, 0o600
                tar.addfile(head, io.BytesIO(path.read_bytes()))


def main() -> None:
    """Make the workspace, pack it, and write what is expected of it."""
    os.environ.update(ENVIRON)  # no folder of secrets is made
    folder = Path(tempfile.mkdtemp(prefix="old-workspace-"))
    try:
        maker = Maker(folder)
        maker.make()
        packed(maker.workspace, HERE / "workspace.tar.xz")
        text = json.dumps(maker.expected, indent=1, sort_keys=True, ensure_ascii=False)
        (HERE / "expected.json").write_text(text + "\n", encoding="utf-8")
        for path in sorted(maker.workspace.rglob("*")):
            if path.is_file():
                print(f"{path.stat().st_size:>9} {path.relative_to(maker.workspace)}")
        print((HERE / "workspace.tar.xz").stat().st_size, "packed")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
