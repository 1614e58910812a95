// The brands that a guest named stay in her tab: a reload still knows them, the server keeps none.
// Whoever else comes to this tab does not get them: they go.

const KEPT = "brandswipe.named"

function recall(owner) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "{}")
    if (kept.owner === owner && Array.isArray(kept.brands)) return kept.brands
    sessionStorage.removeItem(KEPT)
  } catch {
    // forbidden, or not ours
  }
  return []
}

function keep(owner, brands) {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify({ owner, brands }))
  } catch {
    // forbidden or full: this visit alone knows them
  }
}

class Memory {
  update({ owner, brands }, { state }) {
    if (brands.length) return keep(owner, brands)
    const kept = recall(owner)
    if (kept.length) state("brands", kept)
  }
}

export default component(".memory", Memory)
