// A power spectrum on a logarithmic frequency axis, as bytes ready for a colour map. Pure.

const FLOOR_DB = -84;
const CEILING_DB = -14;
const TILT_DB_PER_OCTAVE = 3; // music falls by about this much, so the treble stays visible
const TILT_REFERENCE_HZ = 1000;

/**
 * Turns FFT bins into log-spaced bands.
 */
export class LogBands {
  /**
   * @param {object} options
   * @param {number} options.sampleRate Hz.
   * @param {number} options.fftSize Samples.
   * @param {number} options.numBands Rows of the picture.
   * @param {number} [options.lowHz] Lower edge of the lowest band.
   * @param {number} [options.highHz] Upper edge of the highest band; capped at Nyquist.
   */
  constructor({ sampleRate, fftSize, numBands, lowHz = 50, highHz = 16_000 }) {
    this.numBands = numBands;
    this.lowHz = lowHz;
    this.highHz = Math.min(highHz, sampleRate / 2);
    const binHz = sampleRate / fftSize;
    const edge = (/** @type {number} */ band) => (lowHz * (this.highHz / lowHz) ** (band / numBands)) / binHz;
    this.#low = Float32Array.from({ length: numBands }, (_, band) => edge(band));
    this.#high = Float32Array.from({ length: numBands }, (_, band) => edge(band + 1));
    this.#tilt = Float32Array.from({ length: numBands }, (_, band) => {
      return TILT_DB_PER_OCTAVE * Math.log2((edge(band + 0.5) * binHz) / TILT_REFERENCE_HZ);
    });
    this.values = new Uint8Array(numBands);
  }

  #low;
  #high;
  #tilt;

  /**
   * @param {Float32Array} power One value a bin, as `PowerSpectrum` gives it.
   * @returns {Uint8Array} `values`: 0 (at or under the floor) to 255 for each band, lowest first; overwritten by the
   *   next call.
   */
  compute(power) {
    for (let band = 0; band < this.numBands; band += 1) {
      const db = 10 * Math.log10(this.#bandPower(power, band) + 1e-12) + this.#tilt[band];
      this.values[band] = Math.max(0, Math.min(255, Math.round((255 * (db - FLOOR_DB)) / (CEILING_DB - FLOOR_DB))));
    }
    return this.values;
  }

  /**
   * The strongest bin of a band; between bins where a band is narrower than one.
   *
   * @param {Float32Array} power
   * @param {number} band
   * @returns {number}
   */
  #bandPower(power, band) {
    const first = Math.ceil(this.#low[band]);
    const last = Math.min(power.length - 1, Math.floor(this.#high[band]));
    if (last < first) {
      const centre = (this.#low[band] + this.#high[band]) / 2;
      const bin = Math.min(power.length - 2, Math.floor(centre));
      const fraction = centre - bin;
      return power[bin] * (1 - fraction) + power[bin + 1] * fraction;
    }
    let strongest = 0;
    for (let bin = first; bin <= last; bin += 1) strongest = Math.max(strongest, power[bin]);
    return strongest;
  }

  /**
   * @param {number} hz
   * @returns {number} Where a frequency lies on the axis: 0 at the bottom, 1 at the top.
   */
  position(hz) {
    return Math.log(hz / this.lowHz) / Math.log(this.highHz / this.lowHz);
  }
}
