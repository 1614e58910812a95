// A file that is made in the browser, from what only this page was told.

export default function ({ data, parentElement }) {
  const button = parentElement.querySelector(".save")
  button.textContent = data.label
  button.onclick = () => {
    const url = URL.createObjectURL(new Blob([data.text], { type: "application/json" }))
    el("a", { href: url, download: data.name }).click()
    setTimeout(() => URL.revokeObjectURL(url), 1000)
  }
}
