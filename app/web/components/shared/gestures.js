// What a hand means. A drag is an answer when it is far, or short and fast: no flick is lost.

// Pixels, and pixels a millisecond. A drag from the side of the screen is the system's: to go back.
const FAR = 100
const NEAR = 30
const FAST = 0.6
const EDGE = 32

function direction(dx, dy) {
  if (Math.abs(dx) >= Math.abs(dy)) return dx > 0 ? "favourite" : "not_favourite"
  return dy < 0 ? "super_like" : "dont_know"
}

const KEYS = {
  ArrowLeft: "not_favourite",
  ArrowRight: "favourite",
  ArrowUp: "super_like",
  ArrowDown: "dont_know",
}
const OWN_KEYS =
  "input,textarea,select,[contenteditable=''],[contenteditable=true],[role=slider],[role=listbox]," +
  "[role=combobox],[role=tab],[role=menu],[role=radiogroup],[role=dialog],[role=grid]"

function meaning(event) {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return null
  // The key belongs to a field.
  if (event.composedPath()[0].closest?.(OWN_KEYS)) return null
  if (event.key === "Escape") return "hide"
  if (event.key === "?") return "ask"
  if (event.key === "Backspace" || event.key.toLowerCase() === "z") return "undo"
  return KEYS[event.key] ?? null
}

class Drag {
  constructor(card, { lean, done, back }) {
    Object.assign(this, { card, lean, done, back })
    for (const kind of ["down", "move", "up", "cancel"]) card["onpointer" + kind] = (event) => this[kind](event)
  }

  down(event) {
    if (event.button !== 0 || !event.isPrimary || this.id !== undefined) return
    const side = Math.min(event.clientX, window.innerWidth - event.clientX)
    if (event.pointerType === "touch" && side < EDGE) return
    this.id = event.pointerId
    this.from = this.at(event)
    this.trail = [this.from]
    this.card.setPointerCapture?.(event.pointerId)
  }

  move(event) {
    if (event.pointerId !== this.id) return
    const now = this.at(event)
    this.trail = [...this.trail.filter((p) => now.t - p.t < 120), now]
    this.lean(now.x - this.from.x, now.y - this.from.y)
  }

  up(event) {
    if (event.pointerId !== this.id) return
    const now = this.at(event)
    const [dx, dy] = [now.x - this.from.x, now.y - this.from.y]
    const answer = direction(dx, dy)
    const speed = this.speed(now)
    this.id = undefined
    const far = Math.hypot(dx, dy)
    if (far > FAR || (far > NEAR && speed > FAST)) this.done(answer, dx, dy, event.pointerType)
    else this.back()
  }

  // Speed over the last 120 ms, so that a slow drag with a quick end is a flick as well.
  speed(now) {
    const first = this.trail.find((p) => now.t - p.t < 120) ?? this.from
    return Math.hypot(now.x - first.x, now.y - first.y) / Math.max(now.t - first.t, 1)
  }

  cancel() {
    if (this.id === undefined) return
    this.id = undefined
    this.back()
  }

  at(event) {
    return { x: event.clientX, y: event.clientY, t: event.timeStamp }
  }
}
