// Dropping and pasting files anywhere on the page. Of several explorers the one under the pointer takes them,
// else the one that was used last, else the first that takes images.

const takers = new Map();
let usedLast = null;

/** How deep a drag is in nested elements: it enters the next one before it leaves the one before. */
let depth = 0;

const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes('Files');

const isOpen = (element) =>
  element.isConnected && !element.getAttribute('hide')?.split(/\s+/).includes('upload');

function takerOf(event) {
  const open = [...takers.keys()].filter(isOpen);
  const under = open.find((element) => event.composedPath().includes(element));
  return under ?? (open.includes(usedLast) ? usedLast : open[0]) ?? null;
}

function show(taker) {
  for (const element of takers.keys()) element.toggleAttribute('dropping', element === taker);
}

const LISTENERS = {
  dragenter(event) {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth += 1;
    show(takerOf(event));
  },
  dragover(event) {
    if (hasFiles(event)) event.preventDefault();
  },
  dragleave(event) {
    if (!hasFiles(event)) return;
    depth = Math.max(0, depth - 1);
    if (!depth) show(null);
  },
  drop(event) {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth = 0;
    show(null);
    const taker = takerOf(event);
    takers.get(taker)?.([...event.dataTransfer.files]);
  },
  paste(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    const taker = takerOf(event);
    if (!files.length || !taker) return;
    event.preventDefault();
    takers.get(taker)(files);
  },
};

/**
 * Takes files that are dropped or pasted anywhere on the page.
 * @param {HTMLElement} element an explorer
 * @param {(files: File[]) => void} onFiles
 * @returns {() => void} stops listening
 */
export function takeDrops(element, onFiles) {
  const use = () => { usedLast = element; };
  element.addEventListener('pointerdown', use);
  element.addEventListener('focusin', use);
  if (!takers.size) {
    for (const [type, listener] of Object.entries(LISTENERS)) document.addEventListener(type, listener);
  }
  takers.set(element, onFiles);
  return () => {
    element.removeEventListener('pointerdown', use);
    element.removeEventListener('focusin', use);
    takers.delete(element);
    if (!takers.size) {
      for (const [type, listener] of Object.entries(LISTENERS)) document.removeEventListener(type, listener);
    }
  };
}
