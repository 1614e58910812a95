"""Small components: brand carousel, story crawl, share link, tab storage, file download."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from app.auth.urls import base_path
from app.web.components.base import face_data, no_callback, register_component
from recsys.study.deck import Face


class CarouselState(Protocol):
    """Result of the carousel."""

    chosen: str | None  # brand name


class StoryCrawlState(Protocol):
    """Result of the story crawl."""

    ended: bool | None  # True when it was skipped or is over


class TabStorageState(Protocol):
    """Result of `tab_storage`: the brands stored in the browser tab."""

    brands: list[str] | None


def carousel(
    brands: Sequence[Face], *, label: str, chosen: str | None = None, key: str = "carousel"
) -> CarouselState:
    """Show brands in a row; the user can choose one."""
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
    """Scroll a text over a starry sky for `seconds`; the first line is the title.

    `stars` are names that are highlighted in the lines. With `focus` the component takes the
    keyboard focus: use it only if the user asked for the story.
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
    """Offer the link of the start page to copy, alone and in sentences.

    `sentences` is language code -> (language name, sentence with {link}). The browser builds the
    link: behind a proxy, only the browser knows the address that colleagues use.
    """
    rows = [[code, name, sentence] for code, (name, sentence) in sentences.items()]
    _SHARE_LINK(key=key, data={"home": base_path(), "sentences": rows, "texts": dict(texts)})


def tab_storage(owner: str, brands: Sequence[str], *, key: str = "tab_memory") -> TabStorageState:
    """Store brands in the browser tab; without `brands`, return the stored ones.

    They are deleted when the tab closes or the `owner` changes. The server does not store them.
    """
    data = {"owner": owner, "brands": list(brands)}
    return _TAB_STORAGE(key=key, data=data, on_brands_change=no_callback)  # type: ignore[no-any-return]


def file_download(content: str, *, name: str, label: str, key: str = "save") -> None:
    """Offer a text as a file download, made in the browser: the server has no URL for it."""
    _FILE_DOWNLOAD(key=key, data={"text": content, "name": name, "label": label})


_CAROUSEL = register_component("carousel", "carousel/carousel")
_STORY_CRAWL = register_component("crawl", "story_crawl/story_crawl")
_SHARE_LINK = register_component("pass_on", "small/share_link")
_TAB_STORAGE = register_component("memory", "small/tab_storage")
_FILE_DOWNLOAD = register_component("save", "small/file_download")
