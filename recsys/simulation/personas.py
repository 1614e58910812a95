"""Four customers of the planted shop with a name and a shopping life, ready to be played."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from recsys.dataset.events import Kind
from recsys.simulation.customers import Crowd, Draft, Ints, World, draft, settle
from recsys.simulation.products import DAY
from recsys.simulation.shopping import Log, live


@dataclass(frozen=True, slots=True)
class Persona:
    """One of the four, with what is true of the history that she was given."""

    customer_id: str
    name: str
    en: str
    nl: str


def persona_to_row(persona: Persona) -> dict[str, str]:
    """Return a persona as the file of a planted shop says it."""
    return {
        "customer_id": persona.customer_id,
        "name": persona.name,
        "en": persona.en,
        "nl": persona.nl,
    }


def persona_from_row(row: Mapping[str, str]) -> Persona:
    """Return what `persona_to_row` wrote."""
    return Persona(customer_id=row["customer_id"], name=row["name"], en=row["en"], nl=row["nl"])


@dataclass(frozen=True, slots=True)
class Role:
    """What a persona is made of. Groups and brands that a catalogue lacks are left out."""

    name: str
    groups: tuple[str, ...]  # her taste, strongest first
    partner: tuple[str, ...]  # that of the second person in the account
    brands: tuple[str, ...]  # her favourites, strongest first
    occasions: int
    days: int  # since her first day
    mix: tuple[float, ...]  # reasons to come, in the order of shop_figures.REASONS
    en: str  # {loved}: bought most; {quiet}: the favourite that is bought elsewhere
    nl: str


ROLES = (
    Role(
        "Noor",
        ("drawing and craft", "writing and paper", "reading", "design lovers"),
        (),
        (
            "Stabilo",
            "Leuchtturm1917",
            "Talens",
            "Lamy",
            "Penguin Books",
            "Moleskine",
            "Caran d'Ache",
        ),
        110,
        730,
        (0.40, 0.04, 0.05, 0.04, 0.26, 0.21, 0.0),
        "Noor draws for a living. She buys {loved} without a look at the price and sees what is "
        "new within the month. What lies far from her taste are mostly presents for others, "
        "bought in the weeks before Christmas; a few things were simply needed. {quiet} she loves "
        "as well, but buys elsewhere.",
        "Noor tekent voor haar werk. {loved} koopt ze zonder naar de prijs te kijken, en wat nieuw "
        "is ziet ze binnen een maand. Wat ver van haar smaak ligt, zijn vooral cadeaus voor "
        "anderen, gekocht in de weken voor Kerst; een paar dingen waren gewoon nodig. Van {quiet} "
        "houdt ze ook, maar dat koopt ze elders.",
    ),
    Role(
        "Daan",
        ("video gaming", "pc building", "comics and manga", "streetwear"),
        (),
        ("Nintendo", "Ubisoft", "Razer", "FromSoftware", "Viz Media", "Vans", "SteelSeries"),
        120,
        600,
        (0.34, 0.28, 0.10, 0.05, 0.03, 0.20, 0.0),
        "Daan studies and plays. For {loved} he pays what it costs. For everything else he "
        "hunts: a good part of his orders is some brand that happened to be cheap, compared with "
        "others and forgotten. {quiet} is a love of his too; it comes "
        "from another shop.",
        "Daan studeert en gamet. Voor {loved} betaalt hij wat het kost. Al het andere is jacht: "
        "een flink deel van zijn bestellingen is een merk dat toevallig goedkoop was, met andere "
        "vergeleken en vergeten. {quiet} is ook een liefde; die "
        "koopt hij in een andere winkel.",
    ),
    Role(
        "Samira",
        ("young family", "school kids", "home cooking", "board games"),
        ("cycling", "running"),
        (
            "Lego",
            "Little Dutch",
            "999 Games",
            "Le Creuset",
            "Ravensburger",
            "Maxi-Cosi",
            "Schleich",
            "Playmobil",
        ),
        130,
        730,
        (0.33, 0.06, 0.05, 0.18, 0.05, 0.11, 0.22),
        "Samira shops for a house full of children. {loved} are the names she would always choose. "
        "Some names come back month after month out of habit, not out of love. Her husband "
        "orders in the same account, for cycling and running: his brands are not hers. {quiet} she "
        "loves, and gets from her mother.",
        "Samira winkelt voor een huis vol kinderen. {loved} zijn de namen die ze altijd zou "
        "kiezen. Sommige merken komen maand na maand terug uit gewoonte, niet uit liefde. Haar "
        "man bestelt op hetzelfde account, voor fietsen en hardlopen: zijn merken zijn niet de "
        "hare. Van {quiet} houdt ze, en dat krijgt ze van haar moeder.",
    ),
    Role(
        "Henk",
        ("gardening", "photography", "cycling", "coffee lovers"),
        (),
        ("Gardena", "Fujifilm", "Gazelle", "Moccamaster", "Elho", "Shimano", "Manfrotto"),
        130,
        730,
        (0.34, 0.03, 0.04, 0.03, 0.02, 0.54, 0.0),
        "Henk is retired and has time to look. More than half of his visits end without an order: "
        "he strolls past cameras, pots and bicycles. When he does buy what he loves it is "
        "{loved}, mostly at the full price. {quiet} he loves most silently: nothing in his orders "
        "shows it.",
        "Henk is met pensioen en heeft tijd om te kijken. Meer dan de helft van zijn bezoeken "
        "eindigt zonder bestelling: hij slentert langs camera's, potten en fietsen. Koopt hij wel "
        "wat hij mooi vindt, dan is het {loved}, meest voor de volle prijs. Van {quiet} houdt hij "
        "het stilst: geen bestelling verraadt het.",
    ),
)


def cast(world: World, rng: np.random.Generator) -> Crowd:
    """Return the four as a crowd, in the order of ROLES."""
    plain = draft(world, rng, len(ROLES))
    mix = np.array([role.mix for role in ROLES])
    crowd = settle(world, rng, _as_written(world, replace(plain, mix=mix)))
    bought = np.where(crowd.favourites >= 0, crowd.bought + 0.5, 0.0)
    bought[:, :3] = 8  # the three that the story names
    bought[crowd.favourites == _quiet(crowd)[:, None]] = 0
    return replace(crowd, bought=bought)


def perform(world: World, rng: np.random.Generator, crowd: Crowd) -> Log:
    """Return what the four did; the quiet favourite is looked at, yet bought elsewhere."""
    log = live(world, rng, crowd)
    quiet = world.assortment.brand[log.product] == _quiet(crowd)[log.who]
    orders = np.isin(log.kind, (Kind.CART, Kind.PURCHASE, Kind.RETURN))
    return log.take(~(quiet & orders))


def _quiet(crowd: Crowd) -> Ints:
    """Return the weakest favourite of each."""
    last = (crowd.favourites >= 0).sum(axis=1) - 1
    return np.asarray(crowd.favourites[np.arange(len(last)), last], dtype=np.int64)


def _as_written(world: World, plain: Draft) -> Draft:
    pull = np.zeros((len(ROLES), len(world.names)))
    groups, partner = plain.groups.copy(), plain.partner.copy()
    for row, role in enumerate(ROLES):
        _put(groups[row], _places(world.groups, role.groups))
        _put(partner[row], _places(world.groups, role.partner))
        brands = _places(world.names, role.brands)
        pull[row, brands] = 1_000 - 50 * np.arange(len(brands))  # whim never mixes their order
    return replace(
        plain,
        groups=groups,
        partner=partner,
        pull=pull,
        wanted=np.array([len(role.brands) for role in ROLES]),
        rate=np.array([float(role.occasions) for role in ROLES]),
        since=np.array([world.as_of - role.days * DAY for role in ROLES]),
    )


def _places(known: np.ndarray, wanted: Sequence[str]) -> list[int]:
    """Return where the wanted names stand, without those that are not there."""
    at = {name: place for place, name in enumerate(known)}
    return [at[name] for name in wanted if name in at]


def _put(row: np.ndarray, places: list[int]) -> None:
    row[: len(places)] = places[: len(row)]


def told(world: World, crowd: Crowd) -> tuple[Persona, ...]:
    """Return the personas with the names of their own brands in their stories."""
    return tuple(_told(world, crowd, row) for row in range(len(ROLES)))


def persona_id(row: int) -> str:
    """Return the customer id of the persona in this row of the cast."""
    return f"persona-{ROLES[row].name.lower()}"


def _told(world: World, crowd: Crowd, row: int) -> Persona:
    role = ROLES[row]
    own = [str(world.names[brand]) for brand in crowd.favourites[row] if brand >= 0]
    loved, quiet = own[:3], own[-1]
    return Persona(
        persona_id(row),
        role.name,
        role.en.format(loved=_list(loved, "and"), quiet=quiet),
        role.nl.format(loved=_list(loved, "en"), quiet=quiet),
    )


def _list(names: list[str], last: str) -> str:
    return f"{', '.join(names[:-1])} {last} {names[-1]}"
