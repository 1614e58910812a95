// The last screen of a deck: every answer, each can still be changed, then the result.

class Overview {
  constructor(root, { change, finish }) {
    this.root = root
    this.change = change
    this.rows = new Map()
    this.button = root.querySelector(".finish")
    this.button.onclick = finish
  }

  show(faces, standing, texts, closed) {
    if (this.texts?.overview_title !== texts.overview_title) this.forget()
    Object.assign(this, { texts, closed })
    this.root.querySelector(".title").textContent = texts.overview_title
    this.root.querySelector(".lead").textContent = closed ? texts.overview_closed : texts.overview_lead
    for (const face of faces) this.row(face, standing.get(face.position))
  }

  forget() {
    this.rows.clear()
    this.root.querySelector(".rows").replaceChildren()
  }

  row(face, answer) {
    const item = this.rows.get(face.position) ?? this.build(face)
    for (const button of item.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", button.dataset.answer === answer)
      button.disabled = this.closed
    }
    item.querySelector(".said").textContent = this.texts[answer] ?? ""
    item.dataset.answer = answer ?? ""
  }

  build(face) {
    const choices = ANSWERS.map((answer) => this.choice(face, answer))
    const name = el("strong", { dir: "auto" }, face.brand)
    const words = el("div", { class: "who" }, name, el("span", { class: "said" }))
    const group = el("div", { class: "choices", role: "group", "aria-label": face.brand }, ...choices)
    const item = el("li", {}, tile(face, "small"), words, group)
    this.rows.set(face.position, item)
    this.root.querySelector(".rows").append(item)
    return item
  }

  choice(face, answer) {
    const label = this.texts[answer]
    const press = () => this.change(face.position, answer)
    return el(
      "button",
      { type: "button", "aria-label": label, title: label, "data-answer": answer, onclick: press },
      sign(answer),
    )
  }

  wait(label, busy) {
    this.button.textContent = label
    this.button.setAttribute("aria-busy", busy)
  }
}
