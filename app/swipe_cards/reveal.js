// The deck is closed: the cards turn over and say who proposed them.

const STAGGER = 60
const BEFORE = 420 // the faces are seen for a moment first

class Reveal {
  constructor(root) {
    this.root = root
    this.part = (name) => root.querySelector("." + name)
    toTop(root)
  }

  update(data) {
    if (JSON.stringify(data) === this.seen) return
    const turned = this.seen !== undefined && this.deck === data.deck
    this.seen = JSON.stringify(data)
    this.deck = data.deck
    this.part("headline").textContent = data.headline
    if (!turned) takeFocus(this.part("headline")) // she goes on from here, and hears it
    this.part("lead").textContent = data.lead ?? ""
    const cards = data.cards.map((card, i) => this.card(card, i))
    this.part("table").replaceChildren(...cards)
    if (turned || stillness.matches) for (const card of cards) card.classList.add("turned")
    else this.turn(cards)
  }

  turn(cards) {
    cards.forEach((card, i) => setTimeout(() => card.classList.add("turned"), BEFORE + i * STAGGER))
  }

  card(card, index) {
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
      el("span", { class: "why", dir: "auto" }, card.why ?? ""),
      answer,
    )
    const front = el("div", { class: "front", "aria-hidden": "true" }, tile(card, "large"))
    const flip = el("div", { class: "flip" }, front, back)
    const item = el("li", { class: `${card.tone} ${card.right ? "right" : ""}` }, flip)
    item.style.setProperty("--at", String(index))
    return item
  }
}

const reveals = new WeakMap()

export default function ({ data, parentElement }) {
  const reveal = reveals.get(parentElement) ?? new Reveal(parentElement)
  reveals.set(parentElement, reveal)
  reveal.update(data)
  return () => reveals.delete(parentElement)
}
