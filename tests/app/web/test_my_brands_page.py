"""What a pressed brand has to offer, as the page writes it."""

from app.web.views.my_brands import products_html
from recsys.dataset.events import NO_PRICE
from recsys.study.card_faces import Product


def test_a_shelf_lists_products_with_prices_as_the_language_writes_them() -> None:
    products = [Product("Boss Original", 129_995, True), Product("Point 88", 399, True)]
    lines = products_html("en", {"featured": products, "popular": []}).splitlines()
    assert "".join(line.strip() for line in lines) == (
        '<div class="shelves"><section><h3>Featured</h3><ul>'
        '<li><span dir="auto">Boss Original</span><span>€1,299.95</span></li>'
        '<li><span dir="auto">Point 88</span><span>€3.99</span></li>'
        "</ul></section></div>"
    )
    assert "<span>€ 1.299,95</span>" in products_html("nl", {"featured": products})


def test_a_title_of_markup_is_shown_as_text() -> None:
    product = Product("<img src=x onerror=alert(1)> & more", 100, False)
    said = products_html("en", {"popular": [product]})
    assert "&lt;img src=x onerror=alert(1)&gt; &amp; more" in said
    assert "<img" not in said


def test_a_product_without_a_price_has_none() -> None:
    gift = Product("A gift", NO_PRICE, False)
    assert products_html("en", {"popular": [gift]}).count("<span") == 1
