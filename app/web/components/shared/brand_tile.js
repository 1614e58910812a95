// Shared by every component: elements, the brand's tile (monogram, hue, pattern), the answers' signs.
// Names are data of a catalogue: they only ever meet textContent and attributes.

const SVG = "http://www.w3.org/2000/svg"

function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue
    if (name === "class") node.className = value
    else if (name.startsWith("on")) node[name] = value
    else node.setAttribute(name, value === true ? "" : value)
  }
  node.append(...children.filter((child) => child !== null))
  return node
}

function fill(template, values = {}) {
  return String(template ?? "").replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all)
}

// What begins is seen from its beginning: the page may still stand where the last one ended.
function toTop(root) {
  for (let up = root; up; up = up.parentElement ?? up.getRootNode().host) up.scrollTop = 0
}

// Focus goes along with what has just come. Who goes by the keyboard, or writes in a field, keeps
// her place: there the focus is seen.
function takeFocus(node) {
  const held = document.activeElement
  const ours = held === node.getRootNode().host
  if (ours || (held && held !== document.body && held.matches(":focus-visible"))) return
  node.focus({ preventScroll: true })
}

// FNV-1a: the same brand has the same hue on every device and in every release.
function hashOf(text) {
  let hash = 2166136261
  for (const byte of new TextEncoder().encode(text.trim().toLowerCase())) {
    hash = Math.imul(hash ^ byte, 16777619) >>> 0
  }
  return hash
}

function monogram(brand) {
  const words = brand.normalize("NFC").split(/[\s\-&/+.']+/u).filter((w) => /[\p{L}\p{N}]/u.test(w))
  if (words.length > 1) return words.slice(0, 3).map((w) => [...w][0].toUpperCase()).join("")
  const letters = [...(words[0] ?? brand)].slice(0, 2)
  if (/^[\p{Lu}\p{N}]+$/u.test(words[0] ?? "")) return [...words[0]].slice(0, 3).join("")
  return (letters[0] ?? "").toUpperCase() + (letters[1] ?? "")
}

const STROKE = "fill='none' stroke='white' stroke-width='2' stroke-linecap='round'"
const PATTERNS = [
  [24, 24, "<circle cx='6' cy='6' r='2.4' fill='white'/><circle cx='18' cy='18' r='2.4' fill='white'/>"],
  [40, 20, "M0 10 Q10 0 20 10 T40 10"],
  [20, 20, "M-5 5 5 -5M0 20 20 0M15 25 25 15"],
  [32, 32, "<path d='M0 0h16v16H0zM16 16h16v16H16z' fill='white' fill-opacity='.55'/>"],
  [36, 36, "M8 28 C8 14 16 8 28 8 C28 20 22 28 8 28 Z M8 28 L20 16"],
  [40, 24, "M0 1H40M0 13H40M10 1V13M30 13V25"],
  [28, 28, "M14 7v14M7 14h14"],
  [32, 18, "M0 16 8 4 16 16 24 4 32 16"],
  [40, 40, `<circle cx='20' cy='20' r='13' ${STROKE}/><circle cx='20' cy='20' r='5' ${STROKE}/>`],
  [32, 32, "M0 16a16 16 0 0 1 32 0M8 16a8 8 0 0 1 16 0"],
  [34, 34, "M17 5 29 17 17 29 5 17Z"],
  [24, 36, "M12 2 22 8v11l-10 6-10-6V8ZM12 25v11"],
]

function pattern(category) {
  const [width, height, drawn] = PATTERNS[hashOf(category) % PATTERNS.length]
  const shape = drawn[0] === "<" ? drawn : `<path d='${drawn}' ${STROKE}/>`
  const svg = `<svg xmlns='${SVG}' width='${width}' height='${height}'>${shape}</svg>`
  return `url("data:image/svg+xml,${encodeURIComponent(svg)}")`
}

// The tile is decoration: the name stands in words beside it.
function tile(face, size) {
  const node = el("div", { class: `tile ${size}`, "aria-hidden": "true" })
  node.style.setProperty("--hue", String((hashOf(face.brand) % 12) * 30 + 15))
  const weave = el("div", { class: "weave" })
  weave.style.backgroundImage = pattern(face.category ?? "")
  const letters = monogram(face.brand)
  node.append(weave, el("span", { class: `mono m${[...letters].length}`, dir: "auto" }, letters))
  if (face.picture) {
    const picture = el("img", { src: face.picture, alt: "", draggable: "false", decoding: "async" })
    picture.onerror = () => picture.remove()
    node.append(picture)
  }
  return node
}

const ANSWERS = ["not_favourite", "dont_know", "super_like", "favourite"]
const SIGNS = {
  not_favourite: "M6 6 18 18M18 6 6 18",
  dont_know: "M9 9.2a3 3 0 1 1 4.2 2.7c-.8.4-1.2 1-1.2 1.9v.4M12 18v.01",
  super_like: "M12 3.5 14.5 9l6 .6-4.5 4 1.3 5.9L12 16.4l-5.3 3.1L8 13.6l-4.5-4 6-.6Z",
  favourite: "M12 19.5C6 15.5 3.5 12.3 3.5 9A4.3 4.3 0 0 1 12 7.6 4.3 4.3 0 0 1 20.5 9c0 3.3-2.5 6.5-8.5 10.5Z",
}

function sign(answer) {
  const svg = document.createElementNS(SVG, "svg")
  svg.setAttribute("viewBox", "0 0 24 24")
  svg.setAttribute("class", "sign")
  svg.setAttribute("aria-hidden", "true")
  const path = document.createElementNS(SVG, "path")
  path.setAttribute("d", SIGNS[answer])
  svg.append(path)
  return svg
}

const stillness = window.matchMedia("(prefers-reduced-motion: reduce)")
