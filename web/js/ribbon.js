// Probabilities stacked over time, as filled curves on a canvas.

import { labelHue } from "./genres.js";

/** @typedef {{ label: string, p: Float32Array }} Layer One label; `p` has a value in [0, 1] for each x. */

/**
 * @param {boolean} dark
 * @returns {(label: string) => string} The colour of a label's area.
 */
export function labelFill(dark) {
  const lightnessAndChroma = dark ? "0.66 0.115" : "0.77 0.1";
  return (label) => `oklch(${lightnessAndChroma} ${labelHue(label)})`;
}

/**
 * Paints from the top layer down, each to the ground, so that no seams show between neighbours.
 *
 * @param {CanvasRenderingContext2D} view
 * @param {Float32Array} x Pixels, rising; at least two.
 * @param {Layer[]} layers Bottom first.
 * @param {number} height Pixels for a sum of 1.
 * @param {(label: string) => string} fill
 */
export function paintRibbon(view, x, layers, height, fill) {
  const top = new Float32Array(x.length);
  for (const { p } of layers) for (let i = 0; i < x.length; i += 1) top[i] += p[i];
  for (const { label, p } of [...layers].reverse()) {
    view.beginPath();
    view.moveTo(x[0], height);
    for (let i = 0; i < x.length; i += 1) view.lineTo(x[i], height * (1 - top[i]));
    view.lineTo(x[x.length - 1], height);
    view.fillStyle = fill(label);
    view.fill();
    for (let i = 0; i < x.length; i += 1) top[i] -= p[i];
  }
}
