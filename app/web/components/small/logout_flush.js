// Somebody logs out: what still waits is posted once more, then this browser keeps nothing of hers.

const PATIENCE = 5000

// One leave-taking for each logout, also where the component is mounted again meanwhile.
function takeLeave() {
  load.leaving ??= leave().finally(() => delete load.leaving)
  return load.leaving
}

async function leave() {
  const last = Promise.all([...load.open].map((outbox) => outbox.leave()))
  let patience
  const late = new Promise((done) => (patience = setTimeout(done, PATIENCE, [])))
  const loose = await Promise.race([last, late])
  clearTimeout(patience)
  load.lost = loose.reduce((all, one) => all + one, (load.lost ?? 0) + forget(storageKeys(ROOT)))
}

class Farewell {
  constructor(page, life) {
    this.page = page
    takeLeave().then(() => life.over || this.tell())
  }

  update(data, { trigger }) {
    Object.assign(this, { data, trigger })
    this.page.textContent = data.words
  }

  tell() {
    this.trigger("unsent", load.lost)
    load.lost = 0
    if (this.data.to) location.assign(this.data.to)
  }
}

export default component(".farewell", Farewell)
