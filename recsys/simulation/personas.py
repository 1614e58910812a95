"""Four personas: customers of the planted shop with a name, a history and a story, to play as."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from recsys.dataset.events import EventKind
from recsys.simulation.customers import (
    CustomerTraits,
    IntArray,
    ShopWorld,
    SimulatedCustomers,
    draw_favourites,
    draw_traits,
)
from recsys.simulation.event_log import EventLog
from recsys.simulation.products import DAY
from recsys.simulation.shopping import generate_events


@dataclass(frozen=True, slots=True)
class Persona:
    """A persona, with an English and a Dutch story that is true of the generated history."""

    customer_id: str
    name: str
    en: str
    nl: str


def persona_to_row(persona: Persona) -> dict[str, str]:
    """Return a persona as plain data for the file of a planted shop."""
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
class PersonaSpec:
    """The definition of a persona. Groups and brands that the catalogue lacks are skipped."""

    name: str
    groups: tuple[str, ...]  # taste groups, strongest first
    partner: tuple[str, ...]  # taste groups of the second person in the account
    brands: tuple[str, ...]  # favourites, strongest first
    occasions: int  # mean number
    days: int  # from the first day to the end of the log
    mix: tuple[float, ...]  # shares of the reasons, in the order of parameters.REASONS
    en: str  # {loved}: favourites bought most; {quiet}: the favourite bought elsewhere
    nl: str


PERSONA_SPECS = (
    PersonaSpec(
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
    PersonaSpec(
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
    PersonaSpec(
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
    PersonaSpec(
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


def build_personas(world: ShopWorld, rng: np.random.Generator) -> SimulatedCustomers:
    """Return the personas as simulated customers, in the order of PERSONA_SPECS."""
    traits = draw_traits(world, rng, len(PERSONA_SPECS))
    reason_shares = np.array([role.mix for role in PERSONA_SPECS])
    customers = draw_favourites(
        world, rng, _apply_specs(world, replace(traits, reason_shares=reason_shares))
    )
    purchase_weights = np.where(customers.favourites >= 0, customers.purchase_weights + 0.5, 0.0)
    purchase_weights[:, :3] = 8  # the three favourites that the story names
    purchase_weights[customers.favourites == _bought_elsewhere(customers)[:, None]] = 0
    return replace(customers, purchase_weights=purchase_weights)


def generate_persona_events(
    world: ShopWorld, rng: np.random.Generator, customers: SimulatedCustomers
) -> EventLog:
    """Return the events of the personas; the last favourite is viewed here but bought elsewhere."""
    log = generate_events(world, rng, customers)
    is_elsewhere = world.assortment.brand[log.product] == _bought_elsewhere(customers)[log.customer]
    is_order = np.isin(log.kind, (EventKind.CART, EventKind.PURCHASE, EventKind.RETURN))
    return log.take(~(is_elsewhere & is_order))


def _bought_elsewhere(customers: SimulatedCustomers) -> IntArray:
    """Return the brand code of the weakest favourite of each persona, (n,)."""
    last_rank = (customers.favourites >= 0).sum(axis=1) - 1
    return np.asarray(customers.favourites[np.arange(len(last_rank)), last_rank], dtype=np.int64)


def _apply_specs(world: ShopWorld, traits: CustomerTraits) -> CustomerTraits:
    affinity_boost = np.zeros((len(PERSONA_SPECS), len(world.names)))
    groups, partner = traits.groups.copy(), traits.partner.copy()
    for row, spec in enumerate(PERSONA_SPECS):
        _write_prefix(groups[row], _positions(world.groups, spec.groups))
        _write_prefix(partner[row], _positions(world.groups, spec.partner))
        brands = _positions(world.names, spec.brands)
        # steps far above the random noise, which must not change the order
        affinity_boost[row, brands] = 1_000 - 50 * np.arange(len(brands))
    return replace(
        traits,
        groups=groups,
        partner=partner,
        affinity_boost=affinity_boost,
        n_favourites=np.array([len(role.brands) for role in PERSONA_SPECS]),
        rate=np.array([float(role.occasions) for role in PERSONA_SPECS]),
        first_seen=np.array([world.as_of - role.days * DAY for role in PERSONA_SPECS]),
    )


def _positions(names: np.ndarray, wanted: Sequence[str]) -> list[int]:
    """Return the index of each wanted name; missing names are skipped."""
    position_of = {name: place for place, name in enumerate(names)}
    return [position_of[name] for name in wanted if name in position_of]


def _write_prefix(row: np.ndarray, positions: list[int]) -> None:
    row[: len(positions)] = positions[: len(row)]


def describe_personas(world: ShopWorld, customers: SimulatedCustomers) -> tuple[Persona, ...]:
    """Return the personas, each story filled with brand names of that persona."""
    return tuple(_describe_persona(world, customers, row) for row in range(len(PERSONA_SPECS)))


def persona_id(row: int) -> str:
    """Return the customer id of the persona in this row of PERSONA_SPECS."""
    return f"persona-{PERSONA_SPECS[row].name.lower()}"


def _describe_persona(world: ShopWorld, customers: SimulatedCustomers, row: int) -> Persona:
    spec = PERSONA_SPECS[row]
    own_brands = [str(world.names[brand]) for brand in customers.favourites[row] if brand >= 0]
    most_bought, elsewhere = own_brands[:3], own_brands[-1]
    return Persona(
        persona_id(row),
        spec.name,
        spec.en.format(loved=_join_names(most_bought, "and"), quiet=elsewhere),
        spec.nl.format(loved=_join_names(most_bought, "en"), quiet=elsewhere),
    )


def _join_names(names: list[str], last: str) -> str:
    return f"{', '.join(names[:-1])} {last} {names[-1]}"
