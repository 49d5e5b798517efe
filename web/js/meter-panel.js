// The level meter: what this page captures, with peak hold, and what the server says it hears.

import { byId, setText } from "./dom.js";
import { decibels } from "./format.js";

/** @typedef {import("./panel.js").Panel} Panel */

const FLOOR_DB = -60;
const FALL_DB_PER_S = 26;
const HOLD_S = 1.2;
const CLIP_AT = 32_700;

/**
 * Ballistics of a peak programme meter: up at once, down slowly. Counts audio, not wall time.
 *
 * @implements {Panel}
 */
export class MeterPanel {
  #meter = byId("meter", HTMLElement);
  #bar = byId("meter-bar", HTMLElement);
  #hold = byId("meter-hold", HTMLElement);
  #value = byId("meter-value", HTMLElement);
  #server = byId("meter-server", HTMLElement);
  #sampleRate = 48_000;
  #levelDb = FLOOR_DB;
  #heldDb = FLOOR_DB;
  #heldS = 0;
  #clippedS = 0;

  /** @param {number} sampleRate */
  onStart(sampleRate) {
    this.#sampleRate = sampleRate;
    this.#levelDb = this.#heldDb = FLOOR_DB;
    this.#clippedS = 0;
    setText(this.#server, "–");
  }

  /** @param {Int16Array} frame */
  onFrame(frame) {
    let peak = 0;
    for (const sample of frame) peak = Math.max(peak, Math.abs(sample));
    const frameS = frame.length / this.#sampleRate;
    const db = Math.max(FLOOR_DB, 20 * Math.log10(peak / 32768 + 1e-6));
    this.#levelDb = Math.max(db, this.#levelDb - FALL_DB_PER_S * frameS);
    this.#heldS += frameS;
    if (db >= this.#heldDb) {
      this.#heldDb = db;
      this.#heldS = 0;
    } else if (this.#heldS > HOLD_S) {
      this.#heldDb = Math.max(this.#levelDb, this.#heldDb - FALL_DB_PER_S * frameS);
    }
    this.#clippedS = peak >= CLIP_AT ? HOLD_S : Math.max(0, this.#clippedS - frameS);
  }

  /** @param {import("./protocol.js").ServerMessage} message */
  onMessage(message) {
    if (message.type === "levels") setText(this.#server, decibels(message.rms_db));
  }

  onPaint() {
    const level = position(this.#levelDb);
    this.#bar.style.setProperty("--level", level.toFixed(4));
    this.#hold.style.setProperty("--level", position(this.#heldDb).toFixed(4));
    this.#meter.classList.toggle("meter--clipped", this.#clippedS > 0);
    this.#meter.setAttribute("aria-valuenow", this.#levelDb.toFixed(0));
    setText(this.#value, this.#heldDb <= FLOOR_DB ? "−∞ dB" : decibels(this.#heldDb));
  }

  onEnd() {
    this.#levelDb = this.#heldDb = FLOOR_DB;
    this.#clippedS = 0;
    this.onPaint();
  }
}

/**
 * @param {number} db
 * @returns {number} 0 to 1 along the meter.
 */
function position(db) {
  return Math.max(0, Math.min(1, 1 - db / FLOOR_DB));
}
