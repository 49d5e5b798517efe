// The spectrogram: the last seconds of sound on a logarithmic frequency axis.
// Columns belong to audio, 20 ms each, so the picture is the same whatever the display's frame rate.

import { colormap } from "./colormap.js";
import { byId, create, darkTheme, reducedMotion } from "./dom.js";
import { PowerSpectrum } from "./fft.js";
import { LogBands } from "./log-bands.js";

/** @typedef {import("./panel.js").Panel} Panel */

const COLUMNS = 600; // 12 s
const BANDS = 160;
const FFT_SIZE = 4096;
const MARKS_HZ = [100, 300, 1000, 3000, 10_000];

/**
 * @implements {Panel}
 */
export class SpectrogramPanel {
  #canvas = byId("spectrogram", HTMLCanvasElement);
  #axis = byId("spectrogram-axis", HTMLElement);
  #image = new ImageData(COLUMNS, BANDS);
  #pixels = new Uint32Array(this.#image.data.buffer);
  #values = new Uint8Array(COLUMNS * BANDS); // a ring of columns, kept so that a change of theme can repaint them
  #next = 0;
  #window = new Float32Array(FFT_SIZE);
  #spectrum = new PowerSpectrum(FFT_SIZE);
  #bands = new LogBands({ sampleRate: 48_000, fftSize: FFT_SIZE, numBands: BANDS });
  #colors = colormap(darkTheme.matches ? "dark" : "light");
  #dirty = true;
  #ring = document.createElement("canvas");

  constructor() {
    this.#canvas.width = this.#ring.width = COLUMNS;
    this.#canvas.height = this.#ring.height = BANDS;
    darkTheme.addEventListener("change", () => {
      this.#colors = colormap(darkTheme.matches ? "dark" : "light");
      this.#repaint();
    });
    this.#repaint();
    this.#drawAxis();
  }

  /** @param {number} sampleRate */
  onStart(sampleRate) {
    this.#bands = new LogBands({ sampleRate, fftSize: FFT_SIZE, numBands: BANDS });
    this.#values.fill(0);
    this.#window.fill(0);
    this.#next = 0;
    this.#repaint();
    this.#drawAxis();
  }

  /** @param {Int16Array} frame */
  onFrame(frame) {
    this.#window.copyWithin(0, frame.length);
    const start = FFT_SIZE - frame.length;
    for (let i = 0; i < frame.length; i += 1) this.#window[start + i] = frame[i] / 32768;
    const column = this.#bands.compute(this.#spectrum.compute(this.#window));
    this.#values.set(column, this.#next * BANDS);
    this.#colorColumn(this.#next);
    contextOf(this.#ring).putImageData(this.#image, 0, 0, this.#next, 0, 1, BANDS);
    this.#next = (this.#next + 1) % COLUMNS;
    this.#dirty = true;
  }

  onPaint() {
    if (!this.#dirty) return;
    this.#dirty = false;
    const view = contextOf(this.#canvas);
    if (reducedMotion.matches) {
      this.#paintSweep(view);
      return;
    }
    const older = COLUMNS - this.#next;
    view.drawImage(this.#ring, this.#next, 0, older, BANDS, 0, 0, older, BANDS);
    if (this.#next > 0) view.drawImage(this.#ring, 0, 0, this.#next, BANDS, older, 0, this.#next, BANDS);
  }

  /**
   * Nothing scrolls: new columns overwrite the oldest in place, as on a heart monitor.
   *
   * @param {CanvasRenderingContext2D} view
   */
  #paintSweep(view) {
    view.drawImage(this.#ring, 0, 0);
    view.fillStyle = darkTheme.matches ? "#fff" : "#000";
    view.fillRect(this.#next, 0, 1, BANDS);
  }

  #repaint() {
    for (let column = 0; column < COLUMNS; column += 1) this.#colorColumn(column);
    contextOf(this.#ring).putImageData(this.#image, 0, 0);
    this.#dirty = true;
    this.onPaint();
  }

  /** @param {number} column */
  #colorColumn(column) {
    for (let band = 0; band < BANDS; band += 1) {
      this.#pixels[(BANDS - 1 - band) * COLUMNS + column] = this.#colors[this.#values[column * BANDS + band]];
    }
  }

  #drawAxis() {
    const marks = MARKS_HZ.filter((hz) => hz < this.#bands.highHz).map((hz) => {
      const mark = create("span", {}, hz < 1000 ? `${hz} Hz` : `${hz / 1000} kHz`);
      mark.style.setProperty("--at", this.#bands.position(hz).toFixed(4));
      return mark;
    });
    this.#axis.replaceChildren(...marks);
  }
}

/**
 * @param {HTMLCanvasElement} canvas
 * @returns {CanvasRenderingContext2D}
 */
function contextOf(canvas) {
  return /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
}
