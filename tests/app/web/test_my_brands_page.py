"""What a pressed brand has to offer, as the page writes it."""

from app.web.views.my_brands import products_html
from recsys.dataset.events import NO_PRICE
from recsys.study.card_faces import Product


def test_a_shelf_lists_products_with_prices_as_the_language_writes_them() -> None:
    products = [Product("Boss Original", 129_995, True), Product("Point 88", 399, True)]
    assert products_html("en", "featured", products) == (
        "<section><h3>Featured</h3><ul>"
        '<li><span dir="auto">Boss Original</span><span>€1,299.95</span></li>'
        '<li><span dir="auto">Point 88</span><span>€3.99</span></li>'
        "</ul></section>"
    )
    assert "<span>€ 1.299,95</span>" in products_html("nl", "featured", products)


def test_a_title_of_markup_is_shown_as_text() -> None:
    said = products_html(
        "en", "popular", [Product("<img src=x onerror=alert(1)> & more", 100, False)]
    )
    assert "&lt;img src=x onerror=alert(1)&gt; &amp; more" in said
    assert "<img" not in said


def test_a_product_without_a_price_has_none() -> None:
    assert products_html("en", "popular", [Product("A gift", NO_PRICE, False)]).count("<span") == 1
