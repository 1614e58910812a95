// Somebody logs out: what still waits is posted once more, then this browser keeps nothing of hers.

const PATIENCE = 5000

export default function ({ data, parentElement, setTriggerValue }) {
  parentElement.querySelector(".farewell").textContent = data.words
  const last = Promise.all([...page.open].map((outbox) => outbox.leave()))
  const late = new Promise((done) => setTimeout(done, PATIENCE, []))
  Promise.race([last, late]).then((loose) => {
    const unsent = loose.reduce((all, one) => all + one, forget(storageKeys(ROOT)))
    setTriggerValue("unsent", unsent)
    if (data.to) location.assign(data.to)
  })
}
