// When the page starts helpers: once it is clear that the CPU walks. Beside a GPU that may take over they
// would bring weights and start modules for a few steps, so they come when the GPU has proved slower or has
// failed, or when it is not ready after a while.

/** How long helpers wait for a GPU that is not ready yet. */
const WAIT_MS = 8_000;

export class Sharing {
  #tell;
  #wait;
  /** @type {ReturnType<typeof setTimeout> | null} */
  #timer = null;

  /**
   * @param {(helped: boolean) => void} tell tells the page whether this worker takes help
   * @param {number} [wait] milliseconds
   */
  constructor(tell, wait = WAIT_MS) {
    this.#tell = tell;
    this.#wait = wait;
  }

  /**
   * Another engine walks from now on.
   * @param {{ helped: boolean, rival: boolean }} engine whether helpers can compute for it, and whether a GPU
   *   may still take over
   */
  begin({ helped, rival }) {
    this.#drop();
    this.#tell(helped && !rival);
    if (helped && rival) this.#timer = setTimeout(() => this.stays(), this.#wait);
  }

  /** The engine that walks goes on: no GPU takes over. */
  stays() {
    if (this.#timer === null) return;
    this.#drop();
    this.#tell(true);
  }

  #drop() {
    clearTimeout(this.#timer);
    this.#timer = null;
  }
}
