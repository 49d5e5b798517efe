// Power spectrum of a real signal. Pure; every buffer is allocated once.

/**
 * Radix-2 FFT with a Hann window.
 */
export class PowerSpectrum {
  /**
   * @param {number} size Samples in a window; a power of two.
   * @throws {RangeError} When `size` is not a power of two of at least 4.
   */
  constructor(size) {
    if (size < 4 || (size & (size - 1)) !== 0) {
      throw new RangeError(`expected an FFT size that is a power of two, got ${size}`);
    }
    this.size = size;
    this.#re = new Float64Array(size);
    this.#im = new Float64Array(size);
    this.#cos = Float64Array.from({ length: size / 2 }, (_, k) => Math.cos((2 * Math.PI * k) / size));
    this.#sin = Float64Array.from({ length: size / 2 }, (_, k) => -Math.sin((2 * Math.PI * k) / size));
    this.#window = Float64Array.from({ length: size }, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / size));
    this.#reversed = bitReversal(size);
    /** Power of each bin from 0 Hz to Nyquist; a full-scale sine is 1 at its bin. */
    this.power = new Float32Array(size / 2 + 1);
  }

  #re;
  #im;
  #cos;
  #sin;
  #window;
  #reversed;

  /**
   * @param {Float32Array} samples `size` samples in [-1, 1].
   * @returns {Float32Array} `power`, overwritten by the next call.
   */
  compute(samples) {
    const { size, power } = this;
    for (let n = 0; n < size; n += 1) {
      const from = this.#reversed[n];
      this.#re[n] = samples[from] * this.#window[from];
      this.#im[n] = 0;
    }
    for (let half = 1; half < size; half *= 2) this.#butterflies(half);
    const scale = (4 / size) ** 2; // a Hann window halves the amplitude, and a real sine has two bins
    for (let k = 0; k <= size / 2; k += 1) power[k] = (this.#re[k] ** 2 + this.#im[k] ** 2) * scale;
    return power;
  }

  /** @param {number} half Half the length of this stage's transforms. */
  #butterflies(half) {
    const re = this.#re;
    const im = this.#im;
    const stride = this.size / (2 * half);
    for (let start = 0; start < this.size; start += 2 * half) {
      for (let k = 0; k < half; k += 1) {
        const c = this.#cos[k * stride];
        const s = this.#sin[k * stride];
        const a = start + k;
        const b = a + half;
        const tre = re[b] * c - im[b] * s;
        const tim = re[b] * s + im[b] * c;
        re[b] = re[a] - tre;
        im[b] = im[a] - tim;
        re[a] += tre;
        im[a] += tim;
      }
    }
  }
}

/**
 * @param {number} size
 * @returns {Uint32Array} Where sample `n` of the reordered input comes from.
 */
function bitReversal(size) {
  const bits = Math.log2(size);
  return Uint32Array.from({ length: size }, (_, n) => {
    let reversed = 0;
    for (let bit = 0; bit < bits; bit += 1) reversed |= ((n >> bit) & 1) << (bits - 1 - bit);
    return reversed;
  });
}
