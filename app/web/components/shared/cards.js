// The three cards that are seen: how they lie, lean, fly away and come back.

const AWAY = { not_favourite: [-1.3, 0], favourite: [1.3, 0], super_like: [0, -1], dont_know: [0, 1] }
const FLING = 220
const RETURN = 260
const ARROWS = { not_favourite: "\u2190", dont_know: "\u2193", super_like: "\u2191", favourite: "\u2192" }

function answerButtons(texts, press) {
  return ANSWERS.map((answer) => {
    const hint = el("kbd", { "aria-hidden": "true" }, ARROWS[answer])
    const attributes = { type: "button", class: answer, onclick: () => press(answer) }
    return el("button", attributes, sign(answer), el("span", {}, texts[answer]), hint)
  })
}

class Stack {
  constructor(stage, onFlick) {
    this.stage = stage
    this.onFlick = onFlick
    this.cards = new Map()
  }

  show(faces) {
    const wanted = new Set(faces.map((face) => face.position))
    for (const [position, card] of this.cards) {
      if (wanted.has(position)) continue
      card.remove()
      this.cards.delete(position)
    }
    faces.forEach((face, depth) => this.place(face, depth))
  }

  place(face, depth) {
    let card = this.cards.get(face.position)
    if (!card) this.cards.set(face.position, (card = this.build(face)))
    if (card.parentNode !== this.stage) this.stage.prepend(card)
    card.dataset.depth = depth
    card.toggleAttribute("inert", depth > 0)
    card.setAttribute("aria-hidden", depth > 0)
  }

  build(face) {
    const products = face.products.slice(0, 3).map((title) => el("li", { dir: "auto" }, title))
    const words = el(
      "div",
      { class: "words" },
      el("h3", { dir: "auto", title: face.brand }, face.brand),
      el("p", { class: "category", dir: "auto" }, face.category),
      el("ul", { class: "products" }, ...products),
    )
    const stamp = el("span", { class: "stamp", "aria-hidden": "true" })
    const card = el("article", { class: "card" }, el("div", { class: "body" }, tile(face, "large"), words, stamp))
    new Drag(card, {
      lean: (dx, dy) => this.lean(card, dx, dy),
      back: () => this.settle(card),
      done: (answer, dx, dy, pointer) => {
        if (!this.onFlick(face, answer, [dx, dy], pointer)) this.settle(card)
      },
    })
    return card
  }

  lean(card, dx, dy) {
    const pull = Math.min(Math.hypot(dx, dy) / FAR, 1)
    card.classList.add("held")
    card.style.transform = `translate(${dx}px, ${dy}px) rotate(${dx * 0.045}deg)`
    card.style.setProperty("--pull", pull.toFixed(2))
    this.mark(card, direction(dx, dy))
  }

  mark(card, answer) {
    if (card.dataset.answer === answer) return
    card.dataset.answer = answer
    card.querySelector(".stamp").replaceChildren(sign(answer), this.texts[answer])
  }

  settle(card) {
    card.classList.remove("held")
    card.style.transform = ""
    card.style.setProperty("--pull", "0")
  }

  // The card is no longer part of the deck; what flies is its picture.
  send(position, answer, [dx, dy]) {
    const card = this.cards.get(position)
    this.cards.delete(position)
    if (!card) return
    if (stillness.matches) return card.remove()
    this.mark(card, answer)
    card.classList.add("gone")
    delete card.dataset.depth
    card.setAttribute("aria-hidden", "true")
    card.style.setProperty("--pull", "1")
    const start = card.style.transform || "none"
    const end = this.away(answer, dx, dy)
    const flight = card.animate(
      [{ transform: start, opacity: 1 }, { opacity: 1, offset: 0.6 }, { transform: end, opacity: 0 }],
      { duration: FLING, easing: "ease-out", fill: "forwards" },
    )
    flight.onfinish = flight.oncancel = () => card.remove()
  }

  comeBack(position, answer) {
    const card = this.cards.get(position)
    if (!card || !answer || stillness.matches) return
    const start = this.away(answer, 0, 0)
    card.animate([{ transform: start, opacity: 0 }, { transform: "none", opacity: 1 }], {
      duration: RETURN,
      easing: "cubic-bezier(.2,.9,.3,1)",
    })
  }

  // In shares of the card's own size: to measure it now would lay the page out twice.
  away(answer, dx, dy) {
    const [x, y] = AWAY[answer]
    const [right, down] = [y ? dx : 0, x ? dy : 0]
    const shift = `calc(${x * 100}% + ${right}px), calc(${y * 100}% + ${down}px)`
    return `translate(${shift}) rotate(${x * 14}deg)`
  }
}
