// The mark that is always there: saved, or how many are not, and why.

class SavedMark {
  constructor(life, mark, word, alarm) {
    Object.assign(this, { life, mark, word, alarm, spoken: "saved" })
  }

  show(outbox, texts) {
    const state = outbox.state()
    const { size } = { late: outbox.late, rejected: outbox.rejected }[state] ?? outbox.rows
    this.mark.dataset.state = state
    this.word.textContent = fill(texts[`saved_${state}`], { n: size })
    this.announce(state)
  }

  // Aloud only when it lasts: "1 waiting" after every card would drown the names.
  announce(state) {
    this.life.later("alarm", 900, () => {
      if (state !== this.spoken) this.alarm.textContent = this.word.textContent
      this.spoken = state
    })
  }
}
