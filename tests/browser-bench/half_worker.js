// The second worker of the contestant `cellflux-cpu-2`: the network without a condition, on the CPU.

import init, { Engine } from '/pkg/cellflux_wasm.js';

let engine = null;

addEventListener('message', async ({ data: { weights, config, side, t, image } }) => {
  try {
    if (weights) {
      await init();
      engine = await Engine.of_files(weights, config, side, side, 'candle');
      postMessage({});
      return;
    }
    const velocity = await engine.unguided(t, image, undefined);
    postMessage(velocity, [velocity.buffer]);
  } catch (trouble) {
    postMessage({ failed: trouble.sentence ?? String(trouble) });
  }
});
