// A node of the page over which a component's script is run as Streamlit runs it, only worse.
// Streamlit: markup first, then the default export on each change of the data. A cleanup is called
// at the end, and that of a run which a newer one overtook soon after, before the newer run or after.

(() => {
  const started = new Map() // timers that still wait -> where they were started
  const [begin, cancel] = [window.setTimeout, window.clearTimeout]
  window.setTimeout = (act, ms, ...rest) => {
    const timer = begin(() => (started.delete(timer), act(...rest)), ms)
    started.set(timer, new Error().stack)
    return timer
  }
  window.clearTimeout = (timer) => (started.delete(timer), cancel(timer))

  class Node {
    constructor(part) {
      Object.assign(this, { part, runs: [], events: [], errors: [], keys: 0 })
      this.host = document.createElement("div")
      this.root = this.host.attachShadow({ mode: "open" })
      document.body.append(this.host)
    }

    async load() {
      const blob = new Blob([this.part.js], { type: "text/javascript" })
      this.script = (await import(URL.createObjectURL(blob))).default
      return this
    }

    markup() {
      this.strip()
      this.wrapper = document.createElement("div")
      const inner = document.createElement("div")
      inner.append(document.createRange().createContextualFragment(this.part.html))
      const style = document.createElement("style")
      style.textContent = this.part.css
      this.wrapper.append(inner, style)
      this.root.append(this.wrapper)
    }

    strip() {
      this.wrapper?.remove()
      this.wrapper = undefined
    }

    run(language) {
      const tell = (name, value) => this.events.push([name, value])
      const data = structuredClone(this.part.data[language] ?? null)
      const call = { data, parentElement: this.root, setStateValue: tell, setTriggerValue: tell }
      try {
        this.runs.push(this.script(call))
        this.mounted = true
        this.given ||= data !== null
      } catch (error) {
        this.errors.push(error.stack)
      }
    }

    // The cleanup of the run that is the newest at this moment; a newer one is on its way.
    overtake(language) {
      this.runs.pop()?.()
      this.run(language)
    }

    // The cleanups of all runs but the newest.
    clean() {
      const newest = this.runs.pop()
      for (const end of this.runs.splice(0)) end?.()
      this.runs.push(newest)
    }

    unmount() {
      this.mounted = this.given = false
      this.runs.pop()?.()
      this.clean()
    }

    // As React does it: the node has left the document when the cleanup is called.
    leave() {
      this.host.remove()
      this.unmount()
    }

    come() {
      document.body.append(this.host)
    }

    // A key counts where a person would see that it must.
    press(key) {
      const shown = this.mounted && this.given && this.root.querySelector(".card[data-depth='0']")
      if (shown) this.keys += 1
      if (shown) document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, composed: true }))
    }

    async play(frames) {
      for (const acts of frames) {
        await new Promise(requestAnimationFrame)
        for (const [act, ...rest] of acts) {
          if (act === "breathe") await null
          else this[act](...rest)
        }
      }
    }
  }

  window.mounting = { Node, waiting: () => [...started.values()] }
})()
