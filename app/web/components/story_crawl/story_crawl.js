// A story that rolls away. It can be skipped, and without motion it is read.

class Crawl {
  constructor(page) {
    this.page = page
    this.part = (name) => page.querySelector("." + name)
    this.part("skip").onclick = () => this.end()
    page.onkeydown = ({ key }) => key === "Escape" && this.end()
    this.part("sky").append(...Array.from({ length: 70 }, (_, i) => star(i)))
  }

  update(data, { trigger }) {
    this.trigger = trigger
    const told = JSON.stringify(data.lines)
    this.part("skip").textContent = data.texts.skip
    if (told === this.told) return
    this.told = told
    const text = this.part("text")
    text.replaceChildren(...data.lines.map((line, i) => el(i ? "p" : "h2", { dir: "auto" }, ...lit(line, data.stars))))
    text.style.animationDuration = `${data.seconds}s`
    text.onanimationend = () => this.end()
    text.classList.add("rolling") // last, or a roll of no seconds would end at once
    if (data.focus) this.meet()
  }

  // She pressed for it: the keyboard comes along, and the sky into view.
  meet() {
    takeFocus(this.part("skip"))
    this.page.scrollIntoView({ block: "center", behavior: stillness.matches ? "instant" : "smooth" })
  }

  end() {
    if (this.ended) return
    this.ended = true
    this.page.classList.add("over")
    this.trigger("ended", true)
  }
}

// A line in pieces, the names in it bright.
function lit(line, names) {
  const [at, name] = names.map((name) => [line.indexOf(name), name]).filter(([at]) => at >= 0).sort(first)[0] ?? []
  if (name === undefined) return [line]
  return [line.slice(0, at), el("b", {}, name), ...lit(line.slice(at + name.length), names)]
}

// Where two names begin at one place, the longer one is meant.
function first([at, name], [other, its]) {
  return at - other || its.length - name.length
}

// The same sky for everybody: places from a golden spiral, no chance in it.
function star(i) {
  const dot = el("i")
  dot.style.left = `${((i * 61.8034) % 100).toFixed(2)}%`
  dot.style.top = `${((i * 38.1966 * 1.7) % 100).toFixed(2)}%`
  dot.style.opacity = String(0.25 + ((i * 7) % 10) / 16)
  dot.style.scale = String(0.6 + ((i * 3) % 7) / 6)
  return dot
}

export default component(".crawl", Crawl)
