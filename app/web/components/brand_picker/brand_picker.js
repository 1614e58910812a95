// The moving wall: rows of brands drift by; five are picked, or found by name.

const SHOWN = 60 // tiles of a search; more than anybody reads

class Wall {
  constructor(page, life) {
    Object.assign(this, { page, life })
    this.part = (name) => page.querySelector("." + name)
    this.picked = []
    this.input = page.querySelector("input")
    this.input.oninput = () => this.search()
    this.input.onkeydown = (event) => {
      if (event.key === "Escape") this.clear() // to return false here would swallow every other key
    }
    this.part("drift").onkeydown = (event) => this.roam(event)
    this.part("deal").onclick = () => this.deal()
    this.part("enough").onclick = () => this.deal()
    toTop(page)
  }

  update(data, { trigger }) {
    this.trigger = trigger
    const same = JSON.stringify(data) === this.seen
    if (same) return
    this.seen = JSON.stringify(data)
    this.data = data
    this.faces = data.brands.map(([brand, category]) => ({ brand, category }))
    const known = new Set(this.faces.map((face) => face.brand))
    this.picked = this.picked.filter((brand) => known.has(brand))
    this.label()
    this.lay()
    this.show()
  }

  label() {
    const { texts } = this.data
    this.page.querySelector("label span").textContent = texts.search
    this.input.placeholder = texts.search
    this.part("drift").setAttribute("aria-label", texts.wall_label)
    this.part("found").setAttribute("aria-label", texts.found_label)
    this.part("none").textContent = texts.nothing_found
    this.part("enough").textContent = texts.enough
  }

  // Two copies of a row make its drift endless; the second is for the eye alone.
  lay() {
    const count = Math.max(1, Math.min(6, Math.ceil(this.faces.length / 12)))
    const rows = Array.from({ length: count }, (_, i) => this.faces.filter((_f, n) => n % count === i))
    this.part("drift").replaceChildren(...rows.map((faces, i) => this.row(faces, i)))
    const first = this.part("drift").querySelector("button")
    if (first) first.tabIndex = 0
  }

  row(faces, index) {
    const belt = el("div", { class: "belt" })
    belt.append(...faces.map((face) => this.brick(face)))
    belt.append(...faces.map((face) => this.brick(face, true)))
    belt.style.animationDuration = `${faces.length * (6 + (index % 3))}s`
    belt.style.animationDirection = index % 2 ? "reverse" : "normal"
    return el("div", { class: "row", tabindex: "-1" }, belt) // or each row is a tab stop
  }

  brick(face, copy = false) {
    const name = el("span", { class: "name", dir: "auto" }, face.brand)
    const press = () => this.toggle(face.brand)
    const label = { type: "button", class: "brick", onclick: press, tabindex: "-1", "aria-hidden": copy }
    const button = el("button", label, tile(face, "small"), name)
    button.dataset.brand = face.brand
    return button
  }

  // One tab stop for the whole wall; arrows walk in it.
  roam(event) {
    const here = event.target.closest?.(".brick")
    if (!here) return
    const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key]
    if (!step) return
    event.preventDefault()
    event.stopPropagation()
    const rows = [...this.part("drift").children].map((row) => this.first(row))
    const y = rows.findIndex((row) => row.includes(here))
    const row = rows[y + step[0]]
    const next = row?.[Math.min((y < 0 ? 0 : rows[y].indexOf(here)) + step[1], row.length - 1)]
    if (!next) return
    here.tabIndex = -1
    next.tabIndex = 0
    next.focus()
  }

  first(row) {
    return [...row.querySelectorAll(".brick:not([aria-hidden])")]
  }

  search() {
    const wanted = plain(this.input.value)
    const hits = wanted ? this.faces.filter((face) => plain(face.brand).includes(wanted)) : []
    hits.sort((a, b) => plain(b.brand).startsWith(wanted) - plain(a.brand).startsWith(wanted))
    this.part("drift").hidden = Boolean(wanted)
    this.part("found").hidden = !hits.length
    this.part("none").hidden = !wanted || hits.length > 0
    const bricks = hits.slice(0, SHOWN).map((face) => this.brick(face))
    for (const brick of bricks) brick.tabIndex = 0
    this.part("found").replaceChildren(...bricks)
    this.show()
  }

  clear() {
    this.input.value = ""
    this.search()
  }

  toggle(brand) {
    const { texts, most } = this.data
    const at = this.picked.indexOf(brand)
    if (at >= 0) this.picked.splice(at, 1)
    else if (this.picked.length < most) this.picked.push(brand)
    else return this.say(texts.full)
    this.show()
    const n = this.picked.length
    this.say(fill(at >= 0 ? texts.taken_back : texts.chosen, { brand, n, most }))
    if (this.input.value && at < 0) this.found()
  }

  // After a find the wall comes back, and the field is ready for the next name.
  found() {
    this.clear()
    this.input.focus()
  }

  say(words) {
    this.part("announce").textContent = words
  }

  show() {
    const chosen = new Set(this.picked)
    for (const brick of this.page.querySelectorAll(".brick")) {
      brick.setAttribute("aria-pressed", String(chosen.has(brick.dataset.brand)))
    }
    this.shelf()
    const { most, least, texts } = this.data
    const n = this.picked.length
    this.part("deal").disabled = n < most
    this.part("deal").textContent = n < most ? fill(texts.more, { n: most - n, most }) : texts.deal
    this.part("enough").hidden = n < least || n >= most
  }

  shelf() {
    const { most, texts } = this.data
    const slots = Array.from({ length: most }, (_, i) => this.slot(this.picked[i], i, texts))
    this.part("shelf").replaceChildren(...slots)
    this.part("shelf").setAttribute("aria-label", texts.shelf_label)
  }

  slot(brand, index, texts) {
    if (!brand) return el("li", { class: "empty" }, el("span", { "aria-hidden": "true" }, String(index + 1)))
    const face = this.faces.find((one) => one.brand === brand)
    const name = el("span", { class: "name", dir: "auto" }, brand)
    const label = fill(texts.remove, { brand })
    const press = () => this.toggle(brand)
    const cross = sign("not_favourite")
    return el("li", {}, el("button", { type: "button", "aria-label": label, onclick: press }, tile(face, "small"), name, cross))
  }

  deal() {
    if (this.dealt) return
    this.dealt = true
    this.part("deal").textContent = this.data.texts.dealing
    this.trigger("picked", [...this.picked])
    this.life.later("dealt", 4000, () => (this.dealt = false)) // a trigger may be lost: she may press again
  }
}

function plain(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim()
}

export default component(".wall", Wall)
