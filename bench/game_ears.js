// When each key went down, when its row was kept in the browser, when it left for the server, and
// when the page knew that it is stored; when play was clicked and when the first card was painted.
(() => {
  const now = () => performance.timeOrigin + performance.now()
  const heard = (window.heard = { keys: [], rows: {}, posts: [], known: {} })
  const listen = (kind, hear) =>
    addEventListener(kind, (e) => hear(e, performance.timeOrigin + e.timeStamp), true)
  listen("keydown", (e, at) => heard.keys.push(at))
  listen("click", (e, at) => { heard.clicked = at; delete heard.card; look() })
  const CARD = ".game .card[data-depth='0']"
  const roots = () => [...document.querySelectorAll("[data-testid^=stBidiComponent]")]
  const card = () => roots().some((e) => (e.shadowRoot ?? e).querySelector(CARD))
  const look = () => requestAnimationFrame(() => {
    if (!card()) return look()
    requestAnimationFrame(() => (heard.card ??= now()))
  })
  const { setItem, removeItem } = Storage.prototype
  const keys = {}
  Storage.prototype.setItem = function (key, value) {
    setItem.call(this, key, value)
    const row = value.includes('"tab_seq"') ? JSON.parse(value) : null
    if (row) { keys[key] = row.id; heard.rows[row.id] = now() }
  }
  Storage.prototype.removeItem = function (key) {
    removeItem.call(this, key)
    if (keys[key]) heard.known[keys[key]] = now()
  }
  const real = window.fetch
  window.fetch = (where, how) => {
    if (String(where).includes("api/swipes"))
      heard.posts.push(JSON.parse(how.body).swipes.map((row) => row.id))
    return real(where, how)
  }
})()
