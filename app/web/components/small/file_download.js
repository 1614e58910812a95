// A file that is made in the browser, from what only this page was told.

class Save {
  constructor(page) {
    this.button = page
  }

  update({ text, name, label }) {
    this.button.textContent = label
    this.button.onclick = () => {
      const url = URL.createObjectURL(new Blob([text], { type: "application/json" }))
      el("a", { href: url, download: name }).click()
      setTimeout(() => URL.revokeObjectURL(url), 1000)
    }
  }
}

export default component(".save", Save)
