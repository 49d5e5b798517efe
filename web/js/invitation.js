// The picture under the invitation: the timeline's ribbon as it might look, flowing slowly. Decoration only.

import { byId, darkTheme, fitCanvas, reducedMotion } from "./dom.js";
import { DEFAULT_LABELS } from "./genres.js";
import { labelFill, paintRibbon } from "./ribbon.js";

const COLUMNS = 96;
const PAINT_INTERVAL_MS = 33;

/** Draws while the page waits for its first source; a still picture where motion is not wanted. */
export class Invitation {
  #canvas = byId("invitation", HTMLCanvasElement);
  #paintedMs = -Infinity;
  #x = new Float32Array(COLUMNS);
  #layers = DEFAULT_LABELS.map((label) => ({ label, p: new Float32Array(COLUMNS) }));

  constructor() {
    requestAnimationFrame((now) => this.#tick(now));
    const resume = () => document.body.dataset.phase === "idle" && requestAnimationFrame((now) => this.#tick(now));
    new MutationObserver(resume).observe(document.body, { attributeFilter: ["data-phase"] });
    new ResizeObserver(() => this.#paint(this.#paintedMs)).observe(this.#canvas);
    darkTheme.addEventListener("change", () => this.#paint(this.#paintedMs));
  }

  /** @param {number} nowMs */
  #tick(nowMs) {
    if (document.body.dataset.phase !== "idle") return;
    if (nowMs - this.#paintedMs >= PAINT_INTERVAL_MS && (!reducedMotion.matches || this.#paintedMs < 0)) {
      this.#paintedMs = nowMs;
      this.#paint(nowMs);
    }
    requestAnimationFrame((now) => this.#tick(now));
  }

  /** @param {number} nowMs */
  #paint(nowMs) {
    fitCanvas(this.#canvas);
    const { width, height } = this.#canvas;
    const view = this.#canvas.getContext("2d");
    if (!view || !width) return;
    const seconds = Math.max(0, nowMs) / 1000;
    for (let i = 0; i < COLUMNS; i += 1) this.#fillColumn(i, width, seconds);
    view.clearRect(0, 0, width, height);
    paintRibbon(view, this.#x, this.#layers, height, labelFill(darkTheme.matches));
  }

  /**
   * @param {number} i
   * @param {number} width
   * @param {number} seconds
   */
  #fillColumn(i, width, seconds) {
    const across = i / (COLUMNS - 1);
    this.#x[i] = across * width;
    let total = 0;
    this.#layers.forEach(({ p }, k) => {
      // Each genre has its turn: a wave of its own pace, sharpened so that mostly one is wide.
      const wave = Math.sin(2 * Math.PI * (across * (0.8 + 0.07 * k) - seconds * 0.02) + k * 2.4);
      p[i] = 0.05 + Math.exp(3.1 * wave) / 22;
      total += p[i];
    });
    const swell = 0.72 + 0.2 * Math.sin(2 * Math.PI * (across * 0.9 + seconds * 0.03) + 1);
    for (const { p } of this.#layers) p[i] *= swell / total;
  }
}
