// The queue between a swipe and the server. A row leaves it only when the server names its id.
// Each row has a storage key of its own, so that two tabs never overwrite each other.

const ROOT = "brandswipe:"
const BATCH = 50
const DAY = 86_400_000

// One tab id a page load, also when the component is mounted again: (tab, tab_seq) stays unique.
// A page counts on from the highest number it adopts, so that order needs no clock.
const load = (globalThis[Symbol.for("brandswipe.page")] ??= {
  tab: randomId(), seq: 0, said: {}, kept: {}, unsent: 0, open: new Set(),
})

function randomId() {
  const words = crypto.getRandomValues(new Uint32Array(3))
  return [...words].map((word) => word.toString(36)).join("")
}

function storageKeys(prefix) {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(prefix))
  } catch {
    // Storage is forbidden here: the queue lives in memory.
    return []
  }
}

function keep(key, value) {
  try {
    localStorage.setItem(key, value)
    return true
  } catch {
    return false
  }
}

// brandswipe:person:deck:id is a row, brandswipe:person::deck says since when its deck is away.
function forget(keys) {
  keys.forEach((key) => localStorage.removeItem(key))
  return keys.filter((key) => key.split(":")[2]).length
}

class Outbox {
  constructor(deck, namespace, onChange) {
    this.deck = deck
    this.person = `${ROOT}${namespace}:`
    this.prefix = `${this.person}${deck}:`
    this.onChange = onChange
    // Rows, and ids: of rows that only this page holds, of those that came late, of those that were
    // refused. They are the page's, so that a component that is mounted again loses none.
    const fresh = { rows: new Map(), loose: new Set(), late: new Set(), rejected: new Set() }
    Object.assign(this, (load.kept[this.prefix] ??= fresh))
    this.failures = 0
    this.offline = this.expired = this.refused = this.closed = false
    // A shared computer: what an earlier player left here is not ours to keep, or to send.
    load.unsent += forget(storageKeys(ROOT).filter((key) => !key.startsWith(this.person)))
    load.open.add(this)
    this.adopt()
  }

  // Her answers to another deck are left unread for that deck's page, until a day after a page of
  // this one met them: by the clock that closes decks, since a browser's may be days wrong.
  tidy(now) {
    const decks = storageKeys(this.person).map((key) => key.split(":")[2])
    for (const deck of new Set(decks.filter(Boolean))) {
      const mark = `${this.person}:${deck}`
      const since = localStorage.getItem(mark)
      if (deck === this.deck) localStorage.removeItem(mark)
      else if (!since) keep(mark, now)
      else if (now - since > DAY) forget([mark, ...storageKeys(`${this.person}${deck}:`)])
    }
  }

  adopt() {
    for (const key of storageKeys(this.prefix)) {
      try {
        const row = JSON.parse(localStorage.getItem(key))
        if (row && !this.rows.has(row.id)) this.rows.set(row.id, row)
        if (row?.tab_seq > load.seq) load.seq = row.tab_seq
      } catch {
        // Not a row of ours: half written, or edited by hand.
        localStorage.removeItem(key)
      }
    }
  }

  connect(api, token) {
    const fresh = token !== this.token
    this.api = api
    this.token = token
    if (fresh) {
      this.renewed = this.expired
      this.expired = this.refused = false
      this.soon(0)
    }
  }

  add(swipe) {
    if (this.gone) return
    const seq = ++load.seq
    const row = { id: `${load.tab}-${seq}`, ...swipe, tab: load.tab, tab_seq: seq, client_at: Date.now() }
    this.rows.set(row.id, row)
    // Full or forbidden: the row still travels from memory.
    if (!keep(this.prefix + row.id, JSON.stringify(row))) this.loose.add(row.id)
    // Now: a timer would wait until the next card is painted. Where a post has failed, one waits.
    if (!this.failures || this.rows.size === 1) this.send()
    this.onChange()
  }

  ordered() {
    return [...this.rows.values()].sort((a, b) => a.tab_seq - b.tab_seq || a.client_at - b.client_at)
  }

  body() {
    return JSON.stringify({ token: this.token, swipes: this.ordered().slice(0, BATCH) })
  }

  soon(delay) {
    if (this.busy || this.gone) return
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.send(), delay)
  }

  async send() {
    clearTimeout(this.timer)
    if (this.busy || this.gone || !this.rows.size || !this.token) return
    if (this.expired) return this.askForToken()
    this.busy = true
    const moved = await this.exchange()
    this.busy = false
    this.failures = moved ? 0 : this.failures + 1
    this.onChange()
    if (this.rows.size) this.soon(moved || this.expired ? 0 : this.pause())
  }

  pause() {
    return Math.min(1500 * 1.5 ** Math.min(this.failures - 1, 5), 10000)
  }

  async exchange() {
    const token = this.token
    const stop = new AbortController()
    const alarm = setTimeout(() => stop.abort(), 8000)
    try {
      const answer = await fetch(this.api, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: this.body(),
        cache: "no-store",
        signal: stop.signal,
      })
      if (answer.status === 401 && token === this.token) return this.outdated()
      return this.read(await answer.json(), answer)
    } catch {
      this.offline = true
      return false
    } finally {
      clearTimeout(alarm)
    }
  }

  // Where a new token is refused as well, this browser has another login now: a reload tells her.
  outdated() {
    this.refused = this.renewed
    this.expired = !this.renewed
    this.offline = false
    return false
  }

  // The question may get lost on its way, so it is put again until a new token comes.
  askForToken() {
    this.onExpired?.()
    this.soon(8000)
  }

  // Only our JSON with ids counts: a page of HTML may come back with status 200 as well.
  read(body, { status, headers }) {
    // Too many at once: the same post is good later.
    this.offline = status >= 500 || status === 429
    this.refused = status >= 400 && !this.offline
    if (body?.deck !== this.deck || !Array.isArray(body.acknowledged)) {
      this.offline ||= !this.refused
      return false
    }
    this.closed = body.closed === true
    // The post was read: what it could not use is named.
    this.refused = this.renewed = false
    this.tidy(Date.parse(headers.get("date")) || 0)
    const rejected = (body.refused ?? []).map((row) => row.id).filter((id) => this.rows.has(id))
    for (const id of body.late ?? []) this.late.add(id)
    for (const id of rejected) this.rejected.add(id)
    const done = [...body.acknowledged, ...(body.late ?? []), ...rejected]
    for (const id of done) this.drop(id)
    if (body.standing && !this.rows.size) this.onStanding?.(body.standing)
    return done.length > 0
  }

  drop(id) {
    this.rows.delete(id)
    this.loose.delete(id)
    try {
      localStorage.removeItem(this.prefix + id)
    } catch {
      // nothing was stored
    }
  }

  beacon() {
    if (!this.sendable) return
    navigator.sendBeacon?.(this.api, new Blob([this.body()], { type: "application/json" }))
  }

  get sendable() {
    return this.rows.size && this.token && !this.expired
  }

  async stop() {
    this.gone = true
    this.onChange = this.onStanding = () => {}
    clearTimeout(this.timer)
    if (this.sendable) await this.exchange()
    load.open.delete(this)
    // Another one's rows may have been among these.
    for (const outbox of load.open) outbox.onChange()
  }

  // Who logs out posts once more; return how many rows only this page held and could not send.
  async leave() {
    this.gone = true
    while (this.sendable && (await this.exchange())) continue
    this.rows.clear()
    const lost = this.loose.size
    this.loose.clear()
    return lost
  }

  state() {
    const { expired, refused, offline } = this
    const [late, rejected, saved] = [this.late.size, this.rejected.size, !this.rows.size]
    const loose = this.loose.size && this.failures
    const states = { late, rejected, loose, expired, saved, refused, offline, waiting: true }
    return Object.keys(states).find((name) => states[name])
  }
}
