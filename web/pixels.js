// Pixels on a 2-d canvas. One canvas pixel is one model pixel; CSS enlarges it, by nearest neighbour unless smoothing is asked for.

/**
 * Paints RGBA rows.
 * @param {HTMLCanvasElement} canvas
 * @param {{ width: number, height: number, rgba: Uint8ClampedArray }} picture
 */
export function paint(canvas, picture) {
  if (!picture) {
    canvas.getContext('2d').clearRect(0, 0, canvas.width, canvas.height);
    return;
  }
  if (canvas.width !== picture.width) canvas.width = picture.width;
  if (canvas.height !== picture.height) canvas.height = picture.height;
  canvas.getContext('2d').putImageData(new ImageData(picture.rgba, picture.width, picture.height), 0, 0);
}
