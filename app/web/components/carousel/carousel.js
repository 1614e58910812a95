// The row of favourite brands that a customer would see; a press chooses one.

class Carousel {
  constructor(page) {
    this.row = page.querySelector(".row")
  }

  update(data, { state }) {
    this.row.setAttribute("aria-label", data.label)
    this.choose = (brand) => state("chosen", brand)
    const seen = JSON.stringify(data.brands)
    if (seen !== this.seen) this.row.replaceChildren(...data.brands.map((brand) => this.card(brand)))
    this.seen = seen
    for (const button of this.row.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.dataset.brand === data.chosen))
    }
  }

  card({ brand, category, picture }) {
    const words = el("span", { class: "words" }, el("strong", { dir: "auto" }, brand), el("small", {}, category))
    const press = () => this.choose(brand)
    const button = el("button", { type: "button", "data-brand": brand, onclick: press }, tile({ brand, category, picture }, "medium"), words)
    return el("li", {}, button)
  }
}

export default component(".carousel", Carousel)
