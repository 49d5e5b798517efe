// One bar a genre, in a fixed order so that the eye learns where each one lives.

import { byId, create, setText } from "./dom.js";
import { percent } from "./format.js";
import { DEFAULT_LABELS, labelHue, labelName } from "./genres.js";

/** @typedef {import("./panel.js").Panel} Panel */

/** @typedef {{ row: HTMLElement, value: HTMLElement }} Bar */

/**
 * @implements {Panel}
 */
export class GenreBarsPanel {
  #list = byId("bars", HTMLElement);
  /** @type {Map<string, Bar>} */
  #bars = new Map();
  /** Whether the bars are the server's labels, and not yet the guess from before it named any. */
  #named = false;

  constructor() {
    for (const label of DEFAULT_LABELS) this.#bar(label);
  }

  onStart() {
    for (const label of this.#bars.keys()) this.#set(label, 0, false);
  }

  /** @param {import("./protocol.js").ServerMessage} message */
  onMessage(message) {
    if (message.type !== "genre") return;
    const heard = new Map(message.top.map(({ label, p }) => [label, p]));
    if ([...heard.keys()].some((label) => !this.#bars.has(label))) this.#dropGuesses();
    for (const label of heard.keys()) this.#bar(label);
    this.#named = true;
    for (const label of this.#bars.keys()) this.#set(label, heard.get(label) ?? 0, label === message.label);
    this.#list.classList.toggle("bars--doubtful", !message.music);
  }

  /** Removes the labels that were shown before a model with others named its own. */
  #dropGuesses() {
    if (this.#named) return;
    for (const { row } of this.#bars.values()) row.remove();
    this.#bars.clear();
  }

  /**
   * @param {string} label
   * @param {number} p
   * @param {boolean} current Whether this is the label that is announced.
   */
  #set(label, p, current) {
    const { row, value } = this.#bar(label);
    row.style.setProperty("--p", p.toFixed(4));
    row.classList.toggle("bar--current", current);
    setText(value, percent(p));
  }

  /**
   * @param {string} label
   * @returns {Bar} Made on first sight: another model may bring other labels.
   */
  #bar(label) {
    const known = this.#bars.get(label);
    if (known) return known;
    const value = create("span", { class: "bar__value" }, percent(0));
    const track = create(
      "span",
      { class: "bar__track", "aria-hidden": "true" },
      create("span", { class: "bar__fill" }),
    );
    const row = create(
      "li",
      { class: "bar", "data-label": label },
      create("span", { class: "bar__name" }, labelName(label)),
      track,
      value,
    );
    row.style.setProperty("--hue", String(labelHue(label)));
    this.#list.append(row);
    const bar = { row, value };
    this.#bars.set(label, bar);
    return bar;
  }
}
