// The answer itself: the genre that plays now, in large letters.

import { byId, setText } from "./dom.js";
import { percent } from "./format.js";
import { labelHue, labelName } from "./genres.js";

/** @typedef {import("./panel.js").Panel} Panel */

const SETTLING_S = 2; // before that, the tagger calls nothing music

/** @typedef {"idle" | "listening" | "none" | "label"} Mood */

const TITLE = document.title;

/**
 * @implements {Panel}
 */
export class NowPanel {
  #panel = byId("now", HTMLElement);
  #title = byId("now-title", HTMLElement);
  #label = byId("now-label", HTMLElement);
  #detail = byId("now-detail", HTMLElement);
  #spoken = byId("now-spoken", HTMLElement);

  onStart() {
    this.#show("listening", null, "Listening…", "The first seconds decide little.");
  }

  /** @param {import("./protocol.js").ServerMessage} message */
  onMessage(message) {
    if (message.type !== "genre") return;
    const [best] = message.top;
    if (!message.music && message.time_s < SETTLING_S) return;
    if (!message.music) {
      this.#show("none", null, "No music", "Silence, speech or noise. I keep listening.");
    } else if (message.label === null) {
      this.#show("listening", null, "Listening…", best ? `Not sure yet; leaning towards ${labelName(best.label).toLowerCase()}.` : "Not sure yet.");
    } else {
      const sure = message.confidence ?? best?.p ?? 0;
      this.#show("label", message.label, labelName(message.label), `${percent(sure)} sure`);
      this.#panel.style.setProperty("--confidence", sure.toFixed(3));
    }
  }

  onEnd() {
    document.title = TITLE;
    if (this.#panel.dataset.mood === "listening") this.#show("idle", null, "Stopped", "Nothing was named.");
    else this.#panel.dataset.ended = "";
    setText(this.#title, "Last heard");
  }

  /**
   * @param {Mood} mood
   * @param {string | null} label
   * @param {string} title
   * @param {string} detail
   */
  #show(mood, label, title, detail) {
    delete this.#panel.dataset.ended;
    setText(this.#title, "Now playing");
    this.#panel.dataset.mood = mood;
    this.#panel.dataset.label = label ?? "";
    if (label) this.#panel.style.setProperty("--hue", String(labelHue(label)));
    setText(this.#label, title);
    setText(this.#detail, detail);
    document.title = label ? `${title} · Tectum` : TITLE;
    setText(this.#spoken, title); // only the change of a label is spoken, not every percent
  }
}
