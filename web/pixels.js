// Pixels on a 2-d canvas. One canvas pixel is one model pixel; CSS enlarges it, by nearest neighbour unless
// smoothing is asked for.

/**
 * What each canvas shows. When the browser's GPU process dies, canvases lose their pixels with it and get
 * them back from here.
 */
const shown = new WeakMap();

/**
 * Paints RGBA rows; a canvas that shows them already is left alone, and need not be drawn on the screen
 * again.
 * @param {HTMLCanvasElement} canvas
 * @param {{ width: number, height: number, rgba: Uint8ClampedArray }} picture
 */
export function paint(canvas, picture) {
  if (shown.has(canvas) && shown.get(canvas) === picture) return;
  if (!shown.has(canvas)) canvas.addEventListener('contextrestored', () => draw(canvas, shown.get(canvas)));
  shown.set(canvas, picture);
  draw(canvas, picture);
}

function draw(canvas, picture) {
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!picture) {
    context.clearRect(0, 0, canvas.width, canvas.height);
    return;
  }
  if (canvas.width !== picture.width) canvas.width = picture.width;
  if (canvas.height !== picture.height) canvas.height = picture.height;
  context.putImageData(new ImageData(picture.rgba, picture.width, picture.height), 0, 0);
}
