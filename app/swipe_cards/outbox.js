// The queue between a swipe and the server. A row leaves it only when the server names its id.
// Each row has a storage key of its own, so that two tabs never overwrite each other.

const ROOT = "brandswipe:"
const BATCH = 50

// One tab id a page load, also when the component is mounted again: (tab, tab_seq) stays unique.
// A page counts on from the highest number it adopts, so that order needs no clock.
const page = (globalThis[Symbol.for("brandswipe.page")] ??= { tab: randomId(), seq: 0, said: {} })

function randomId() {
  const words = crypto.getRandomValues(new Uint32Array(3))
  return [...words].map((word) => word.toString(36)).join("")
}

function storageKeys(prefix) {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(prefix))
  } catch {
    return [] // storage is forbidden here: the queue lives in memory
  }
}

class Outbox {
  constructor(deck, namespace, onChange) {
    this.deck = deck
    this.prefix = `${ROOT}${namespace}:${deck}:`
    this.onChange = onChange
    this.rows = new Map()
    this.loose = new Set() // ids of rows that only this page holds
    this.late = new Set()
    this.rejected = new Set()
    this.failures = 0
    this.offline = this.expired = this.refused = this.closed = false
    this.forgetOthers(namespace)
    this.adopt()
  }

  // A shared computer: what an earlier person left here is not ours to keep.
  forgetOthers(namespace) {
    for (const key of storageKeys(ROOT)) {
      if (!key.startsWith(`${ROOT}${namespace}:`)) localStorage.removeItem(key)
    }
  }

  adopt() {
    for (const key of storageKeys(this.prefix)) {
      try {
        const row = JSON.parse(localStorage.getItem(key))
        if (row && !this.rows.has(row.id)) this.rows.set(row.id, row)
        if (row?.tab_seq > page.seq) page.seq = row.tab_seq
      } catch {
        localStorage.removeItem(key) // not a row of ours: half written, or edited by hand
      }
    }
  }

  connect(api, token) {
    const fresh = token !== this.token
    this.api = api
    this.token = token
    if (fresh) {
      this.expired = this.refused = false
      this.soon(0)
    }
  }

  add(swipe) {
    const seq = ++page.seq
    const row = { id: `${page.tab}-${seq}`, ...swipe, tab: page.tab, tab_seq: seq, client_at: Date.now() }
    this.rows.set(row.id, row)
    try {
      localStorage.setItem(this.prefix + row.id, JSON.stringify(row))
    } catch {
      this.loose.add(row.id) // full or forbidden: the row still travels from memory
    }
    clearTimeout(this.timer)
    this.send() // now: a timer would wait until the next card is painted
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
        credentials: "same-origin",
        cache: "no-store",
        signal: stop.signal,
      })
      if (answer.status === 401 && token === this.token) return this.outdated()
      return this.read(await answer.json(), answer.status)
    } catch {
      this.offline = true
      return false
    } finally {
      clearTimeout(alarm)
    }
  }

  outdated() {
    this.expired = true
    this.offline = false
    return false
  }

  // The question may get lost on its way, so it is put again until a new token comes.
  askForToken() {
    this.onExpired?.()
    this.soon(8000)
  }

  // Only our JSON with ids counts: a page of HTML may come back with status 200 as well.
  read(body, status) {
    this.offline = status >= 500 || status === 429 // too many at once: the same post is good later
    this.refused = status >= 400 && !this.offline
    if (body?.deck !== this.deck || !Array.isArray(body.acknowledged)) {
      this.offline ||= !this.refused
      return false
    }
    this.closed = body.closed === true
    this.refused = false // the post was read: what it could not use is named
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
    if (!this.rows.size || !this.token || this.expired) return
    navigator.sendBeacon?.(this.api, new Blob([this.body()], { type: "application/json" }))
  }

  stop() {
    this.beacon()
    this.gone = true
    clearTimeout(this.timer)
  }

  state() {
    if (this.late.size) return "late"
    if (this.rejected.size) return "rejected"
    if (this.loose.size && this.failures) return "loose"
    if (this.expired) return "expired"
    if (!this.rows.size) return "saved"
    if (this.refused) return "refused"
    return this.offline ? "offline" : "waiting"
  }
}
