// How long to wait before the next attempt to connect. Pure: the caller brings its own clock and randomness.

/**
 * Exponential backoff with jitter, so that the pages of a restarted server do not all come back at once.
 */
export class Backoff {
  #attempt = 0;

  /**
   * @param {object} [options]
   * @param {number} [options.firstMs] Longest first wait.
   * @param {number} [options.maxMs] Longest wait of all.
   * @param {() => number} [options.random] Gives [0, 1).
   */
  constructor({ firstMs = 500, maxMs = 15_000, random = Math.random } = {}) {
    this.firstMs = firstMs;
    this.maxMs = maxMs;
    this.random = random;
  }

  /** Attempts since the last success. */
  get attempt() {
    return this.#attempt;
  }

  /**
   * @param {number} [atLeastMs] A floor, for a server that said that it is full.
   * @returns {number} Milliseconds to wait: between half and all of `firstMs * 2^attempt`, capped.
   */
  next(atLeastMs = 0) {
    const ceiling = Math.min(this.maxMs, this.firstMs * 2 ** this.#attempt);
    this.#attempt += 1;
    return Math.max(atLeastMs, ceiling * (0.5 + 0.5 * this.random()));
  }

  reset() {
    this.#attempt = 0;
  }
}
