// Shared by every component: one instance per node, however Streamlit calls its script.
// Streamlit may call a run's cleanup after a later run has begun, give a node new markup, or give
// no data yet. Each script is a module of its own, so the mounts of a page are kept by the page.

// Milliseconds.
const GRACE = 300
const mounts = (globalThis[Symbol.for("brandswipe.mounts")] ??= new WeakMap())

// Listeners and timers of an instance: all end with it.
class Life {
  stopper = new AbortController()
  timers = new Map()

  get over() {
    return this.stopper.signal.aborted
  }

  on(kind, act, where = window) {
    where.addEventListener(kind, act, { signal: this.stopper.signal })
  }

  // A timer replaces the one of the same name.
  later(name, ms, act) {
    clearTimeout(this.timers.get(name))
    if (!this.over) this.timers.set(name, setTimeout(act, ms))
  }

  end() {
    this.stopper.abort()
    this.timers.forEach((timer) => clearTimeout(timer))
  }
}

class Mount {
  constructor(root, mark, Part) {
    Object.assign(this, { root, mark, Part })
    this.watcher = new MutationObserver(() => this.find() !== this.page && this.settle())
    this.watcher.observe(root, { childList: true })
    mounts.set(root, this)
  }

  find() {
    return this.root.querySelector(this.mark) ?? undefined
  }

  // No data is not news: what is shown stays.
  give(data, send) {
    this.data = data ?? this.data
    this.send = send
    this.settle()
  }

  settle() {
    if (!this.data) return
    const { deck } = this.data
    if (this.find() !== this.page || deck !== this.deck) this.clear()
    this.deck = deck
    try {
      this.part ??= this.build()
      this.part?.update(this.data, this.send)
    } catch (error) {
      this.end()
      throw error
    }
  }

  // A copy of the untouched markup is kept for the next instance over the same node.
  build() {
    this.page = this.find()
    if (!this.page) return
    this.clean = this.page.cloneNode(true)
    this.life = new Life()
    return new this.Part(this.page, this.life, this.data)
  }

  clear() {
    this.life?.end()
    this.part?.stop?.()
    this.page?.replaceWith(this.clean)
    this.life = this.part = this.page = undefined
  }

  end() {
    this.watcher.disconnect()
    this.clear()
    if (mounts.get(this.root) === this) mounts.delete(this.root)
  }

  // An unmounted node has left the document. While it is there, a newer run may be on its way:
  // it takes over the instance with what the person has done so far.
  leave(run) {
    const end = () => run === this.run && this.end()
    if (this.root.isConnected) setTimeout(end, GRACE)
    else end()
  }
}

// `mark` finds the component's markup; `Part` is built over it as (page, life, data), and has
// update(data, { state, trigger }); it may have stop(). Another deck is another Part.
function component(mark, Part) {
  return ({ data, parentElement, setStateValue: state, setTriggerValue: trigger }) => {
    let mount = mounts.get(parentElement)
    if (mount?.Part !== Part) {
      mount?.end()
      mount = new Mount(parentElement, mark, Part)
    }
    const run = (mount.run = {})
    mount.give(data, { state, trigger })
    return () => mount.leave(run)
  }
}
