// One card to try the hand on. It says what a swipe meant, comes back, and nothing of it is kept.

const BACK = 320 // ms until the card is there again

class Practice {
  constructor(page, life) {
    this.life = life
    this.part = (name) => page.querySelector("." + name)
    this.tried = new Set()
    this.position = 0
    this.stack = new Stack(this.part("stage"), (face, answer, pull) => this.answer(answer, pull))
    life.on("keydown", (event) => this.key(event))
  }

  update({ texts }) {
    this.texts = this.stack.texts = texts
    this.part("stage").setAttribute("aria-label", texts.label)
    this.part("answers").setAttribute("aria-label", texts.answers_label)
    const buttons = answerButtons(texts, (answer) => this.answer(answer))
    this.part("answers").replaceChildren(...buttons)
    this.stack.show([])
    this.lay()
    this.tell(this.last)
  }

  key(event) {
    const answer = meaning(event)
    if (!ANSWERS.includes(answer)) return
    this.answer(answer)
    event.preventDefault()
  }

  // A card that flies is gone from the deck; the one that comes back is a new card like it.
  answer(answer, pull = [0, 0]) {
    if (!this.stack.cards.size) return false
    this.tried.add(answer)
    this.stack.send(this.position, answer, pull)
    this.tell(answer)
    this.life.later("lay", stillness.matches ? 0 : BACK, () => this.lay(answer))
    return true
  }

  lay(from) {
    if (this.stack.cards.size) return
    const { brand, category, product } = this.texts
    this.position += 1
    this.stack.show([{ position: this.position, brand, category, products: [product] }])
    this.stack.comeBack(this.position, from)
  }

  tell(answer) {
    this.last = answer
    for (const button of this.part("answers").children) {
      button.classList.toggle("tried", ANSWERS.some((way) => this.tried.has(way) && button.classList.contains(way)))
    }
    const all = this.tried.size === ANSWERS.length
    this.part("heard").textContent = !answer ? this.texts.how : this.texts[`heard_${answer}`] + (all ? ` ${this.texts.all}` : "")
  }
}

export default component(".practice", Practice)
