// Only in pages that `cellflux site serve` shows: reload when the site was built again, and show above the
// page what keeps it from being built.

/** The build that made this page; the server wrote it into the script's address. */
let shown = Number(new URL(import.meta.url).searchParams.get('build'));
let overlay = null;
/** The last trouble that was closed, which is not shown again. */
let closed = '';

const STYLES = {
  overlay: {
    position: 'fixed',
    inset: '0',
    zIndex: 99,
    overflow: 'auto',
    padding: '2rem max(1rem, 50vw - 30rem)',
    background: '#1c0f0eee',
    color: '#fff',
    font: '14px/1.6 ui-monospace, monospace',
  },
  line: { margin: '0 0 1rem', overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' },
  place: { color: '#ffb4a8', fontWeight: 'bold' },
  button: { minHeight: '2.4rem', padding: '0.3rem 1rem', font: 'inherit' },
};

function styled(tag, style, text = '') {
  const node = document.createElement(tag);
  Object.assign(node.style, style);
  node.textContent = text;
  return node;
}

/** One error: where, then what. */
function line(error) {
  const node = styled('p', STYLES.line);
  const [, place, rest] = error.match(/^(\S+:\d+): (.*)$/s) ?? [];
  if (place) node.append(styled('span', STYLES.place, place), `: ${rest}`);
  else node.textContent = error;
  return node;
}

function close(trouble) {
  closed = trouble;
  overlay?.remove();
  overlay = null;
}

function say(trouble) {
  if (overlay?.dataset.trouble === trouble || trouble === closed) return;
  overlay?.remove();
  overlay = null;
  closed = '';
  if (!trouble) return;
  overlay = styled('div', STYLES.overlay);
  overlay.className = 'live-trouble';
  overlay.dataset.trouble = trouble;
  overlay.setAttribute('role', 'alertdialog');
  overlay.setAttribute('aria-label', 'The site could not be built');
  const button = styled('button', STYLES.button, 'Close (Escape)');
  button.type = 'button';
  button.addEventListener('click', () => close(trouble));
  overlay.append(
    styled('h2', { marginTop: '0' }, 'The site could not be built; below is the last one that could'),
    ...trouble.split('\n').filter(Boolean).map(line),
    button,
  );
  overlay.addEventListener('keydown', ({ key }) => key === 'Escape' && close(trouble));
  document.body.append(overlay);
  button.focus();
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
