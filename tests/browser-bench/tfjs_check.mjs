// Compares velocities that tfjs computed with those that were to be reached.

/** The largest relative error that passes, by the norm over a batch: f32 against goldens in f64. */
export const TOLERANCE = 1e-5;

function relativeError(found, expected) {
  let [apart, length] = [0, 0];
  for (const [i, value] of expected.entries()) {
    apart += (found[i] - value) ** 2;
    length += value ** 2;
  }
  return Math.sqrt(apart / length);
}

/**
 * The larger of the errors with and without a condition, as far as `golden` has both.
 *
 * @param {Map<string, { shape: number[], data: Float32Array }>} golden `x` [N, C, H, W], `t`, `condition` and
 * the velocities
 */
export async function worstError(tf, network, golden) {
  const { x, t, condition } = Object.fromEntries(golden);
  const given = tf.tidy(() => ({
    x: tf.transpose(tf.tensor(x.data, x.shape), [0, 2, 3, 1]),
    condition: tf.tensor(condition.data, condition.shape),
  }));
  let worst = 0;
  for (const [name, present] of [['velocity_conditional', 1], ['velocity_unconditional', 0]]) {
    const expected = golden.get(name);
    if (!expected) continue;
    const velocity = tf.tidy(() => {
      const one = tf.fill([t.data.length, 1], present);
      return tf.transpose(network(given.x, [...t.data], given.condition, one), [0, 3, 1, 2]);
    });
    worst = Math.max(worst, relativeError(await velocity.data(), expected.data));
    velocity.dispose();
  }
  tf.dispose(Object.values(given));
  return worst;
}
