// The worker's own `fetch`, which waits for the files that the page gives it first.

const given = new Promise((resolve) => {
  addEventListener('message', function first(event) {
    if (!event.data?.single) return;
    event.stopImmediatePropagation();
    removeEventListener('message', first);
    resolve(event.data.single);
  });
});

async function fetch(address, { signal } = {}) {
  const { here, files } = await given;
  signal?.throwIfAborted();
  const path = pathOf(address, here);
  return answered(path, files.get(path));
}
