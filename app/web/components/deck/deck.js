// The deck of cards. An answer is kept the moment it is given; motion only shows it.

function deviceClass() {
  if (!window.matchMedia("(pointer: coarse)").matches) return "desk"
  return Math.min(screen.width, screen.height) < 600 ? "phone" : "tablet"
}

class Deck {
  constructor(page, life, data) {
    this.life = life
    this.id = data.deck
    this.part = (name) => page.querySelector("." + name)
    this.stack = new Stack(this.part("stage"), (...flick) => this.flick(...flick))
    this.history = []
    this.standing = new Map()
    this.said = load.said[this.id] ??= {}
    this.server = (load.server ??= {})[this.id] ??= {}
    this.outbox = new Outbox(this.id, data.namespace, () => this.kept())
    this.mark = new SavedMark(life, this.part("saved"), this.part("word"), this.part("alarm"))
    this.outbox.onStanding = (standing) => this.agree(standing)
    this.outbox.onExpired = () => this.trigger("renew", `${this.id}:${Date.now()}`)
    this.overview = new Overview(this.part("overview"), {
      change: (position, answer) => this.change(position, answer),
      finish: () => this.finish(),
    })
    life.on("keydown", (event) => this.key(event))
    life.on("pagehide", () => this.outbox.beacon())
    life.on("online", () => this.outbox.soon(0))
    life.on("visibilitychange", () => this.seen(), document)
    life.on("resize", () => this.fit())
    this.part("undo").onclick = () => this.undo("button")
    this.part("asker").onclick = () => this.ask()
    toTop(page)
  }

  say(name, words) {
    this.part(name).textContent = words
  }

  stop() {
    this.outbox.stop()
  }

  update(data, { trigger }) {
    this.trigger = trigger
    this.data = data
    this.texts = data.texts
    this.recall(this.latest(data.standing))
    const words = JSON.stringify(data.texts)
    const reworded = words !== this.words
    this.words = words
    this.label(reworded)
    this.outbox.connect(data.api, data.token)
    this.render()
    if (reworded) this.reword()
    this.kept()
    this.fit()
  }

  // Nothing moves, so there is time for what comes next: a fourth card, and all answers so far.
  rest() {
    this.fit()
    this.review()
    this.deal(4)
  }

  deal(count) {
    this.stack.show(this.open.slice(0, count))
  }

  // What the server has, then what this page said since, then what still waits to be saved.
  recall(standing) {
    this.standing = new Map(Object.entries(standing ?? {}).map(([p, a]) => [Number(p), a]))
    for (const [position, answer] of Object.entries(this.said)) this.stand(Number(position), answer)
    for (const row of this.outbox.ordered()) this.stand(row.position, row.answer)
  }

  // A page drawn anew (in other colours, say) repeats what it was given at first: old news.
  latest(given) {
    const told = JSON.stringify(given ?? {})
    if (told !== this.server.told) Object.assign(this.server, { told, standing: given })
    return this.server.standing
  }

  // Nothing waits any more: the server's word stands, also for what another tab said.
  agree(standing) {
    for (const position of Object.keys(this.said)) delete this.said[position]
    this.server.standing = standing
    this.recall(standing)
    this.render()
  }

  stand(position, answer) {
    if (answer) this.standing.set(position, answer)
    else this.standing.delete(position)
  }

  get open() {
    return this.data.faces.filter((face) => !this.standing.has(face.position))
  }

  get current() {
    if (!this.outbox.closed) return this.open[0]
  }

  // What she says ------------------------------------------------------------------------------

  flick(face, answer, pull, pointer) {
    if (face.position !== this.current?.position) return false
    this.answer(answer, pointer === "mouse" ? "mouse" : "touch", pull)
    return true
  }

  answer(answer, input, pull = [0, 0]) {
    const face = this.current
    if (!face) return
    const shown = Math.max(0, Math.round(performance.now() - this.shownAt))
    this.record(face.position, answer, input, shown)
    this.history.push(face.position)
    this.ask(false)
    this.stack.send(face.position, answer, pull)
    if (input === "touch" && !stillness.matches) navigator.vibrate?.(answer === "super_like" ? [12, 40, 12] : 12)
    this.render()
    // Once it is painted.
    if (!this.current) this.life.later("title", 0, () => this.part("title").focus({ preventScroll: true }))
  }

  change(position, answer) {
    if (this.standing.get(position) === answer || this.outbox.closed) return
    this.record(position, answer, "button", null)
    this.render()
  }

  undo(input) {
    const position = this.lastSaid()
    if (position === undefined || this.outbox.closed) return
    const answer = this.standing.get(position)
    this.record(position, null, input, null)
    this.finishing = false
    this.render()
    this.stack.comeBack(position, answer)
  }

  lastSaid() {
    while (this.history.length) {
      const position = this.history.pop()
      if (this.standing.has(position)) return position
    }
    return this.data.faces.findLast((face) => this.standing.has(face.position))?.position
  }

  record(position, answer, input, shown) {
    this.stand(position, answer)
    this.said[position] = answer
    const kind = answer ? "answer" : "undo"
    this.outbox.add({ position, kind, answer, shown_ms: shown, input, device_class: deviceClass() })
  }

  key(event) {
    const meant = meaning(event)
    if (!meant || (KEYS[event.key] && !this.current)) return
    if (meant === "hide") return this.ask(false)
    if (meant === "ask") return this.ask()
    if (meant === "undo") this.undo("key")
    else this.answer(meant, "key")
    event.preventDefault()
  }

  // A deck that comes, or comes in another language, has the arrow keys at once.
  reword() {
    this.say("announce", this.aloud(this.current))
    if (this.current) takeFocus(this.part("stage"))
  }

  // What she sees ------------------------------------------------------------------------------

  label(reworded) {
    const { texts } = this
    this.stack.texts = texts
    const labels = { stage: "deck_label", answers: "answers_label", track: "progress_label" }
    for (const name in labels) this.part(name).setAttribute("aria-label", texts[labels[name]])
    for (const name of ["undo", "keys", "question"]) this.say(name, texts[name])
    this.say("asker", texts.question_label)
    this.say("note", this.data.note ?? "")
    this.say("unsent", load.unsent ? fill(texts.unsent, { n: load.unsent }) : "")
    const press = (answer) => this.answer(answer, "button")
    if (reworded) this.part("answers").replaceChildren(...answerButtons(texts, press))
  }

  render() {
    const { current } = this
    this.progress()
    this.part("undo").disabled = this.standing.size === 0
    this.part("play").hidden = !current
    this.part("overview").hidden = Boolean(current)
    if (!current) this.review()
    this.deal(3)
    this.life.later("rest", 280, () => this.rest())
    if (current?.position !== this.shownPosition) this.present(current)
  }

  review() {
    this.overview.show(this.data.faces, this.standing, this.texts, this.outbox.closed)
  }

  // The card takes the room that is left, so that no button lies below the edge of the screen.
  fit() {
    const stage = this.part("stage")
    let top = stage.getBoundingClientRect().top
    for (let up = stage; up; up = up.parentElement ?? up.getRootNode().host) top += up.scrollTop
    const below = this.part("answers").offsetHeight + this.part("foot").offsetHeight + 36
    stage.style.setProperty("--room", `${Math.round(window.innerHeight - top - below)}px`)
  }

  present(face) {
    this.shownPosition = face?.position
    this.shownAt = performance.now()
    this.say("announce", this.aloud(face))
  }

  aloud(face) {
    if (!face) return this.texts.overview_title
    const { brand, category } = face
    return fill(this.texts.announce, { brand, category, n: this.done + 1, total: this.data.faces.length })
  }

  // Time with the page out of sight is not time with the card.
  seen() {
    if (document.hidden) {
      this.hiddenAt = performance.now()
      this.outbox.beacon()
    } else if (this.hiddenAt) {
      this.shownAt += performance.now() - this.hiddenAt
    }
  }

  get done() {
    return this.data.faces.length - this.open.length
  }

  progress() {
    const { current } = this
    const { faces } = this.data
    const track = this.part("track")
    while (track.childElementCount < faces.length) track.append(el("i"))
    faces.forEach((face, i) => {
      track.children[i].className = this.standing.get(face.position) ?? ""
      track.children[i].toggleAttribute("data-now", face === current)
    })
    const values = { n: Math.min(this.done + 1, faces.length), total: faces.length }
    track.setAttribute("aria-valuemax", faces.length)
    track.setAttribute("aria-valuenow", this.done)
    this.say("count", fill(current ? this.texts.count : this.texts.count_done, values))
  }

  ask(open = this.part("question").hidden) {
    this.part("question").hidden = !open
    this.part("asker").setAttribute("aria-expanded", open)
  }

  // What is kept -------------------------------------------------------------------------------

  kept() {
    if (!this.texts) return
    this.mark.show(this.outbox, this.texts)
    if (this.outbox.closed && this.shownPosition) this.render()
    this.showFinish()
  }

  finish() {
    this.finishing = true
    this.showFinish()
  }

  showFinish() {
    const { texts, outbox } = this
    const waiting = outbox.rows.size
    if (outbox.closed && !waiting && !outbox.late.size) this.finishing = true
    const label = !this.finishing ? texts.finish : waiting ? texts.finish_waiting : texts.finishing
    this.overview.wait(fill(label, { n: waiting }), Boolean(this.finishing))
    if (!this.finishing || waiting || this.finished) return
    this.finished = true
    this.trigger("finished", this.id)
    // A trigger may be lost between two runs of the page; to finish twice is to finish once.
    this.life.later("finish", 6000, () => (this.finished = this.finishing = false))
  }
}

export default component(".game", Deck)
