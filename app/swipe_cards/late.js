// A closed deck: what this browser still keeps for it is sent all the same, and she is told.

const outboxes = new WeakMap()

export default function ({ data, parentElement }) {
  const told = parentElement.querySelector(".late")
  const say = () => {
    const n = outboxes.get(parentElement)?.late.size
    told.textContent = n ? fill(data.words, { n }) : ""
  }
  if (!outboxes.has(parentElement)) outboxes.set(parentElement, new Outbox(data.deck, data.namespace, say))
  const outbox = outboxes.get(parentElement)
  outbox.onChange = say
  outbox.connect(data.api, data.token)
  return () => {
    outbox.stop()
    outboxes.delete(parentElement)
  }
}
