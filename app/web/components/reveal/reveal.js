// The deck is closed: the cards turn over and say who proposed them. Under a pick that she refused
// she may say why. A reason shows as kept once the server has said that it stands.

const STAGGER = 60
const BEFORE = 420 // the faces are seen for a moment first
const NONE = "taken_back"

class Reveal {
  constructor(page, life) {
    Object.assign(this, { page, life })
    this.part = (name) => page.querySelector("." + name)
    this.refused = {}
    this.mine = {} // position -> the reason tapped on this page
    toTop(page)
  }

  update(data, { state }) {
    this.say = (reasons) => state("refusals", reasons)
    const { refused, ...rest } = data
    this.announce(refused)
    this.refused = refused
    const seen = JSON.stringify(rest)
    if (seen !== this.seen) this.draw(data)
    this.seen = seen
    this.mark()
  }

  draw(data) {
    const turned = this.seen !== undefined
    this.texts = data.texts
    this.reasons = data.reasons
    this.part("headline").replaceChildren(...sentences(data.headline))
    if (!turned) takeFocus(this.part("headline")) // she goes on from here, and hears it
    this.part("lead").textContent = data.lead
    this.part("news").textContent = data.news
    this.part("tally").replaceChildren(...data.groups.flatMap(score))
    const marks = this.page.querySelectorAll(".tally i")
    this.part("groups").replaceChildren(...data.groups.map((group) => this.group(group)))
    const cards = [...this.page.querySelectorAll(".table > li"), ...marks]
    if (turned || stillness.matches) for (const card of cards) card.classList.add("turned")
    else this.turn(data.groups.flatMap((group) => group.cards).length, cards)
  }

  // A card and its mark in the tally turn together.
  turn(count, cards) {
    const turn = (card, i) => this.life.later(card, BEFORE + (i % count) * STAGGER, () => card.classList.add("turned"))
    cards.forEach(turn)
  }

  group({ title, about, cards }) {
    const table = (name, some) => el("ul", { class: name }, ...some.map((card) => this.card(card)))
    const asked = cards.filter((card) => card.asks)
    const others = cards.filter((card) => !card.asks)
    const ask = asked.length ? [el("p", { class: "why_not" }, this.texts.ask), table("table wide", asked)] : []
    return el("section", {}, el("h2", {}, title), el("p", { class: "about" }, about), table("table", others), ...ask)
  }

  card(card) {
    const answer = el("span", { class: `answer ${card.answer ?? "none"}` })
    if (card.answer) answer.append(sign(card.answer))
    answer.append(card.answer_words)
    const back = el(
      "div",
      { class: "back" },
      tile(card, "band"),
      el("span", { class: "arm" }, card.arm_words),
      el("strong", { dir: "auto", title: card.brand }, card.brand),
      el("span", { class: "outcome" }, card.outcome),
      card.why ? el("span", { class: "why", dir: "auto" }, card.why) : null,
      answer,
      card.asks ? this.ask(card) : null,
    )
    const front = el("div", { class: "front", "aria-hidden": "true" }, tile(card, "large"))
    const flip = el("div", { class: "flip" }, front, back)
    return el("li", { class: `${card.tone} ${card.right ? "right" : ""}` }, flip)
  }

  ask({ position, brand }) {
    const chips = this.reasons.map(([reason, words]) =>
      el("button", { type: "button", class: "chip", "data-reason": reason, onclick: () => this.tap(position, reason) }, words),
    )
    const label = fill(this.texts.ask_label, { brand })
    const group = el("div", { class: "chips", role: "group", "aria-label": label }, ...chips)
    return el("div", { class: "ask", "data-position": position, "data-brand": brand }, group, el("span", { class: "stands" }))
  }

  // All that was tapped here goes each time: what is sent later says what was sent before.
  tap(position, reason) {
    this.mine = { ...this.mine, [position]: this.reason(position) === reason ? NONE : reason }
    this.mark()
    this.say(this.mine)
  }

  reason(position) {
    return this.mine[position] ?? this.refused[position] ?? NONE
  }

  mark() {
    for (const ask of this.page.querySelectorAll(".ask")) {
      const position = ask.dataset.position
      const reason = this.reason(position)
      const stands = reason !== NONE && this.refused[position] === reason
      ask.querySelector(".stands").textContent = stands ? this.texts.kept : ""
      for (const chip of ask.querySelectorAll(".chip")) {
        chip.setAttribute("aria-pressed", String(chip.dataset.reason === reason))
      }
    }
  }

  // What the server now says stands, or no longer stands.
  announce(refused) {
    for (const ask of this.page.querySelectorAll(".ask")) {
      const { position, brand } = ask.dataset
      const reason = refused[position]
      if (reason === this.refused[position]) continue
      const chip = ask.querySelector(`[data-reason="${reason}"]`)
      const said = chip ? `${chip.textContent}. ${this.texts.kept}` : this.texts.taken_back
      this.part("announce").textContent = `${brand}: ${said}`
    }
  }
}

// Each sentence of the result keeps together where there is room.
function sentences(words) {
  return words.replaceAll(". ", ".\n").split("\n").flatMap((one, i) => [i ? " " : "", el("span", {}, one)])
}

// The result at a glance: a heart for each pick, a cross for each decoy, full where it was right.
function score({ tone, cards }) {
  if (tone === "popular") return []
  const name = tone === "pick" ? "favourite" : "not_favourite"
  const marks = cards.map(({ right }) => el("i", { class: right ? "right" : "" }, sign(name)))
  return [el("span", { class: tone }, ...marks)]
}

export default component(".reveal", Reveal)
