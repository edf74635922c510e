// Tests that take long on a software GPU, and seldom break, run with `cargo xtask test --extended` alone.

/**
 * For `skip` of a test: the reason why it is left out of this run, or nothing.
 * @param {boolean} [long] whether the test is such a one
 * @returns {string | false}
 */
export const leftOut = (long = true) =>
  long && !process.env.CELLFLUX_EXTENDED && 'only in `cargo xtask test --extended`: it takes long';
