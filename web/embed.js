// embed.html: one explorer for an iframe. Its address says which:
// ?model=NAME&hide=settings,keep&theme=dark#LINK
//
// The frame tells its page how high it wants to be: { cellflux: 'height', height } in pixels.

import { language, phrase } from './words.js';

const models = JSON.parse(document.getElementById('models').textContent);
const asked = new URLSearchParams(location.search);
const wanted = asked.get('model');
const model = models.find(({ name }) => name === wanted) ?? models[0];
const theme = asked.get('theme');
if (theme === 'light' || theme === 'dark') document.documentElement.classList.add(theme);

const explorer = document.createElement('cellflux-explorer');
explorer.setAttribute('src', model.src);
if (model.recorded) explorer.setAttribute('recorded', model.recorded);
// The page around has its own title in sight; who reads by headings finds this one.
const heading = document.createElement('h1');
heading.textContent = document.title;
const main = document.createElement('main');
main.append(heading);
const hide = (asked.get('hide') ?? '').split(',').filter((name) => /^[a-z]+$/.test(name));
if (hide.length) explorer.setAttribute('hide', hide.join(' '));
// The started explorer has no place for it, so it goes by itself.
explorer.append(document.querySelector('.fallback'));
if (wanted !== null && wanted !== model.name) {
  const sentence = document.createElement('p');
  sentence.className = 'hint';
  sentence.lang = language;
  sentence.textContent = phrase('embed.page_no_model_called', {
    wanted, name: model.name, map: models.map(({ name }) => name).join(', '),
  });
  main.append(sentence);
}
main.append(explorer);
document.body.append(main);

if (parent !== self) {
  new ResizeObserver(() =>
    parent.postMessage(
      { cellflux: 'height', height: Math.ceil(document.body.getBoundingClientRect().height) },
      '*',
    ),
  ).observe(document.body);
}
