// A closed deck: what this browser still keeps for it is sent all the same, and she is told.

class Late {
  constructor(page, life, { deck, namespace }) {
    this.page = page
    this.outbox = new Outbox(deck, namespace, () => this.say())
  }

  update({ words, api, token }) {
    this.words = words
    this.outbox.connect(api, token)
    this.say()
  }

  say() {
    const n = this.outbox.late.size
    this.page.textContent = n ? fill(this.words, { n }) : ""
  }

  stop() {
    this.outbox.stop()
  }
}

export default component(".late", Late)
