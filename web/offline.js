// Asks the browser to keep this page. A browser that will not, on plain http or in a private window, shows it
// all the same.

addEventListener('load', () => {
  navigator.serviceWorker?.register('service_worker.js').catch(() => {});
});
