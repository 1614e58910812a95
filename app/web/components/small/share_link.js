// A link to the first page and nothing more: no name, no token. Copying needs no secure context.

const LOOPBACK = /^(localhost|127\.|\[::1\]$)/
const AGAIN = 2500 // ms that a button says it copied

class PassOn {
  constructor(page, life) {
    this.life = life
    this.part = (name) => page.querySelector("." + name)
  }

  update({ home, sentences, texts }) {
    const seen = JSON.stringify([home, sentences, texts])
    if (seen === this.seen) return
    this.seen = seen
    this.texts = texts
    const link = new URL(home, location.origin).href
    this.part("alone").textContent = LOOPBACK.test(location.hostname) ? texts.alone : ""
    this.part("alone").hidden = !this.part("alone").textContent
    const rows = sentences.map(([code, name, sentence]) => [code, name, fill(sentence, { link })])
    this.part("lines").replaceChildren(...[["", texts.link, link], ...rows].map((row) => this.row(...row)))
  }

  row(code, name, words) {
    const id = `pass-${code || "link"}`
    const field = el("textarea", { id, readonly: true, rows: 1, lang: code || null, onfocus: () => field.select() })
    field.value = words
    const button = el("button", { type: "button", class: "second", "aria-label": `${this.texts.copy}: ${name}` }, this.texts.copy)
    button.onclick = () => this.copy(field, button)
    return el("li", {}, el("label", { for: id }, name), el("div", { class: "both" }, field, button))
  }

  async copy(field, button) {
    const done = (await toClipboard(field)) ? this.texts.copied : this.texts.by_hand
    this.part("told").textContent = done
    button.textContent = done
    button.classList.toggle("done", done === this.texts.copied)
    this.life.later(button, AGAIN, () => {
      button.textContent = this.texts.copy
      button.classList.remove("done")
      this.part("told").textContent = ""
    })
  }
}

// What is selected stays so: where nothing else works, she copies it by hand.
async function toClipboard(field) {
  field.focus({ preventScroll: true })
  field.select()
  field.setSelectionRange(0, field.value.length)
  try {
    if (document.execCommand("copy")) return true
    await navigator.clipboard.writeText(field.value)
    return true
  } catch {
    return false
  }
}

export default component(".pass_on", PassOn)
