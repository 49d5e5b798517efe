// The answer itself: the genre that plays now, in large letters.

import { byId, setText } from "./dom.js";
import { clockTime, percent } from "./format.js";
import { labelHue, labelName } from "./genres.js";

/** @typedef {import("./panel.js").Panel} Panel */

const PAGE_TITLE = document.title;
const SETTLING_S = 2; // before that, the tagger calls nothing music

/** @typedef {"idle" | "listening" | "none" | "label"} Mood */

/**
 * @implements {Panel}
 */
export class NowPanel {
  #panel = byId("now", HTMLElement);
  #title = byId("now-title", HTMLElement);
  #label = byId("now-label", HTMLElement);
  #detail = byId("now-detail", HTMLElement);
  #spoken = byId("now-spoken", HTMLElement);
  /** @type {Map<string, number>} Seconds for which each label was shown. */
  #heardS = new Map();
  #lastS = 0;

  onStart() {
    this.#heardS.clear();
    this.#lastS = 0;
    this.#show("listening", null, "Listening…", "The first seconds decide little.");
  }

  /** @param {import("./connection.js").ConnectionState} state */
  onConnection(state) {
    if (state.name === "waiting") this.#show("idle", null, "Waiting…", "Nothing is heard until the server is back.");
    else if (state.name === "live") this.#show("listening", null, "Listening…", "The first seconds decide little.");
  }

  /**
   * @param {import("./protocol.js").ServerMessage} message
   * @param {number} offsetS
   */
  onMessage(message, offsetS) {
    if (message.type !== "genre") return;
    this.#tally(message, offsetS + message.time_s);
    const { label, music } = message;
    const [best] = message.top;
    if (!music && message.time_s < SETTLING_S) return;
    if (!music) {
      this.#show("none", null, "No music", "Silence, speech or noise. Tectum keeps listening.");
    } else if (label === null) {
      const leaning = best ? `Not sure yet; leaning towards ${labelName(best.label).toLowerCase()}.` : "Not sure yet.";
      this.#show("listening", null, "Listening…", leaning);
    } else {
      const sure = message.confidence ?? best?.p ?? 0;
      this.#show("label", label, labelName(label), `${percent(sure)} sure`);
      this.#panel.style.setProperty("--confidence", sure.toFixed(3));
    }
  }

  /** What was named for the longest time stays. */
  onEnd() {
    const [most] = [...this.#heardS].sort(([, a], [, b]) => b - a);
    if (most) {
      const [label, seconds] = most;
      this.#show("label", label, labelName(label), `for ${clockTime(seconds)} of ${clockTime(this.#lastS)}`);
      this.#panel.style.setProperty("--confidence", (seconds / this.#lastS).toFixed(3));
    } else {
      this.#show("idle", null, "Stopped", "Nothing was named.");
    }
    this.#panel.dataset.ended = "";
    setText(this.#title, most ? "Heard most" : "Now playing");
    document.title = PAGE_TITLE;
  }

  /**
   * @param {import("./protocol.js").GenreEvent} event
   * @param {number} timeS On the page's stream, which goes on while the connection is lost.
   */
  #tally({ label, time_s }, timeS) {
    const heardS = Math.min(timeS - this.#lastS, time_s);
    if (label) this.#heardS.set(label, (this.#heardS.get(label) ?? 0) + heardS);
    this.#lastS = timeS;
  }

  /**
   * @param {Mood} mood
   * @param {string | null} label
   * @param {string} answer
   * @param {string} detail
   */
  #show(mood, label, answer, detail) {
    delete this.#panel.dataset.ended;
    this.#panel.dataset.mood = mood;
    this.#panel.dataset.label = label ?? "";
    if (label) this.#panel.style.setProperty("--hue", String(labelHue(label)));
    setText(this.#title, "Now playing");
    setText(this.#label, answer);
    setText(this.#detail, detail);
    setText(this.#spoken, answer); // only the change of a label is spoken, not every percent
    document.title = label ? `${answer} · Tectum` : PAGE_TITLE;
  }
}
