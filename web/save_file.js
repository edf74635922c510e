// A file the visitor keeps. It is made here and goes to the browser's downloads, not over the network.

/** Offers bytes as a download. */
export function saveFile(name, type, bytes) {
  const url = URL.createObjectURL(new Blob([bytes], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken the bytes once the click's task is over; a minute is generous.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
