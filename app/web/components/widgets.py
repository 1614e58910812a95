"""What stands beside the cards: the row of brands, a story that rolls, a link, a tab's memory."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from app.auth.urls import base_path
from app.web.components.base import face_data, no_callback, register_component
from recsys.study.deck import Face


class CarouselState(Protocol):
    """What the carousel told."""

    chosen: str | None  # a brand's name


class StoryCrawlState(Protocol):
    """What the crawl told."""

    ended: bool | None  # it was skipped, or it is over


class TabStorageState(Protocol):
    """What the browser's tab still knew."""

    brands: list[str] | None


def carousel(
    brands: Sequence[Face], *, label: str, chosen: str | None = None, key: str = "carousel"
) -> CarouselState:
    """Show brands in a row and let her choose one."""
    tiles = [face_data(face) for face in brands]
    data = {"brands": tiles, "label": label, "chosen": chosen}
    return _CAROUSEL(key=key, data=data, on_chosen_change=no_callback)  # type: ignore[no-any-return]


def story_crawl(
    lines: Sequence[str],
    *,
    texts: Mapping[str, str],
    seconds: float = 24,
    stars: Sequence[str] = (),
    focus: bool = False,
    key: str = "crawl",
) -> StoryCrawlState:
    """Roll a story over the sky for `seconds`; the first line is its title.

    `stars` are names that shine where the lines say them. With `focus` the keyboard goes along: she
    asked for the story.
    """
    data = {
        "lines": list(lines),
        "texts": dict(texts),
        "seconds": seconds,
        "stars": list(stars),
        "focus": focus,
    }
    return _STORY_CRAWL(key=key, data=data, on_ended_change=no_callback)  # type: ignore[no-any-return]


def share_link(
    sentences: Mapping[str, tuple[str, str]], *, texts: Mapping[str, str], key: str = "pass_on"
) -> None:
    """Offer the link of the game's first page, alone and in sentences, ready to be copied.

    `sentences` is language code -> (its name, a sentence with a {link}). The browser knows the
    address that colleagues see, and a proxy may stand between: so the link is made there.
    """
    rows = [[code, name, sentence] for code, (name, sentence) in sentences.items()]
    _SHARE_LINK(key=key, data={"home": base_path(), "sentences": rows, "texts": dict(texts)})


def tab_storage(owner: str, brands: Sequence[str], *, key: str = "tab_memory") -> TabStorageState:
    """Keep these brands in the browser's tab, or tell those that it kept where there are none.

    They go with the tab, or when another `owner` comes to it; the server stores nothing of them.
    """
    data = {"owner": owner, "brands": list(brands)}
    return _TAB_STORAGE(key=key, data=data, on_brands_change=no_callback)  # type: ignore[no-any-return]


def file_download(content: str, *, name: str, label: str, key: str = "save") -> None:
    """Offer to save a text as a file, made in the browser: no address on the server holds it."""
    _FILE_DOWNLOAD(key=key, data={"text": content, "name": name, "label": label})


_CAROUSEL = register_component("carousel", "carousel/carousel")
_STORY_CRAWL = register_component("crawl", "story_crawl/story_crawl")
_SHARE_LINK = register_component("pass_on", "small/share_link")
_TAB_STORAGE = register_component("memory", "small/tab_storage")
_FILE_DOWNLOAD = register_component("save", "small/file_download")
