// The widget's side in the browser: an explorer of the package that JupyterLab serves, whose recipe and
// frames are the model's.

/** What JupyterLab says of itself in its page. */
function jupyter() {
  const said = document.getElementById('jupyter-config-data')?.textContent;
  const { baseUrl = '/', fullLabextensionsUrl = `${baseUrl}lab/extensions` } = JSON.parse(said ?? '{}');
  return { baseUrl, extensions: fullLabextensionsUrl };
}

/** The address of a bundle's manifest: as it was given, or a folder among the server's files. */
function manifestAddress(src) {
  if (/^(https?:|\/)/.test(src)) return new URL(src, location.href).href;
  const path = src.replace(/\/?(manifest\.json)?$/, '').split('/').map(encodeURIComponent).join('/');
  return new URL(`${jupyter().baseUrl}files/${path}/manifest.json`, location.origin).href;
}

/** What of a recipe is otherwise than in another one. */
function changed(wanted, { smiles, ...now }) {
  return Object.fromEntries(Object.entries(wanted).filter(([name, value]) =>
    name !== 'smiles' && JSON.stringify(value) !== JSON.stringify(now[name])));
}

async function render({ model, el }) {
  const tell = (values) => {
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    model.save_changes();
  };
  const fail = (error) => tell({ error: String(error?.message ?? error) });
  let explorer;
  try {
    const address = new URL(
      `${jupyter().extensions}/cellflux-explorer/page/web/library/index.js`, location.origin);
    const { Explorer } = await import(address.href);
    explorer = new Explorer(el, {
      src: manifestAddress(model.get('src')),
      link: model.get('link') || undefined,
      hide: model.get('hide'),
      // The page's own address is the notebook's.
      address: location.href.split('#')[0],
      progress_callback: (progress) => tell({ progress }),
    });
  } catch (error) {
    el.textContent = 'The explorer has not started: JupyterLab does not serve the package cellflux-explorer. '
      + 'Install it where JupyterLab runs, and load this page again.';
    fail(error);
    return undefined;
  }

  let first = true;
  const follow = () => {
    const wanted = model.get('recipe');
    const change = explorer.recipe ? changed(wanted, explorer.recipe) : {};
    if (Object.keys(change).length) explorer.change(change).catch(fail);
  };
  explorer.addEventListener('recipe', ({ detail }) => {
    // What Python said at first is taken before the recipe is told for the first time.
    const change = first ? changed(model.get('recipe'), detail.recipe ?? {}) : {};
    first = false;
    if (Object.keys(change).length) explorer.change(change).catch(fail);
    else tell({ recipe: detail.recipe ?? {}, link: detail.link });
  });

  // Frames come one by one; they are told of together, when nothing has come for a moment.
  let waits;
  explorer.addEventListener('frame', () => {
    clearTimeout(waits);
    waits = setTimeout(() => tell({
      frames: explorer.frames.map(({ step, time, change, picture }) => ({
        step, time, change, width: picture.width, height: picture.height,
        // A copy of its own, which can be handed on.
        data: new DataView(new Uint8Array(picture.data).buffer),
      })),
    }), 100);
  });
  model.on('change:recipe', follow);
  return () => {
    clearTimeout(waits);
    model.off('change:recipe', follow);
    explorer.remove();
  };
}

export default { render };
