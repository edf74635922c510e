// Only in pages that `cellflux site serve` shows: reload when the site was built again.

/** The build that made this page; the server wrote it into the script's address. */
let shown = Number(new URL(import.meta.url).searchParams.get('build'));
let corner = null;

function say(trouble) {
  corner ??= document.body.appendChild(document.createElement('output'));
  corner.className = 'live-trouble';
  Object.assign(corner.style, {
    position: 'fixed',
    inset: 'auto 1rem 1rem',
    zIndex: 99,
    padding: '0.8rem 1rem',
    background: '#9c2a22',
    color: '#fff',
    font: '14px/1.5 ui-monospace, monospace',
    borderRadius: '8px',
  });
  corner.textContent = trouble;
  corner.hidden = !trouble;
}

setInterval(async () => {
  try {
    const { build, trouble } = await (await fetch('@live')).json();
    say(trouble);
    if (build === shown) return;
    shown = build;
    if (!trouble) location.reload();
  } catch {
    // The server has ended; the page stays as it is.
  }
}, 500);
