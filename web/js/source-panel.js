// Choosing what to listen to: microphone, file picker, drag and drop, stop, mute.

import { byId, setText } from "./dom.js";
import { clockTime } from "./format.js";

/** @typedef {import("./source.js").Source} Source */

/**
 * @typedef {object} SourceChoices
 * @property {() => void} onMicrophone
 * @property {(file: File) => void} onFile
 * @property {() => void} onStop
 * @property {(muted: boolean) => void} onMute
 */

export class SourcePanel {
  #panel = byId("source", HTMLElement);
  #microphone = byId("choose-microphone", HTMLButtonElement);
  #file = byId("choose-file", HTMLButtonElement);
  #input = byId("file-input", HTMLInputElement);
  #stop = byId("stop", HTMLButtonElement);
  #mute = byId("mute", HTMLButtonElement);
  #title = byId("source-title", HTMLElement);
  #time = byId("source-time", HTMLElement);
  #progress = byId("source-progress", HTMLElement);
  /** @type {Source | null} */
  #source = null;
  #shown = false; // whether a stream has left something to look at
  muted = false;

  /** @param {SourceChoices} choices */
  constructor(choices) {
    this.#microphone.addEventListener("click", choices.onMicrophone);
    this.#file.addEventListener("click", () => this.#input.click());
    this.#stop.addEventListener("click", choices.onStop);
    this.#input.addEventListener("change", () => {
      const [file] = this.#input.files ?? [];
      if (file) choices.onFile(file);
      this.#input.value = ""; // so that the same file can be chosen again
    });
    this.#mute.addEventListener("click", () => {
      this.muted = !this.muted;
      this.#mute.setAttribute("aria-pressed", String(this.muted));
      choices.onMute(this.muted);
    });
    acceptDrops(choices.onFile);
  }

  /** @param {Source} source */
  begin(source) {
    this.#source = source;
    document.body.dataset.phase = "live";
    this.#panel.dataset.kind = source.kind;
    this.#microphone.setAttribute("aria-pressed", String(source.kind === "microphone"));
    this.#file.setAttribute("aria-pressed", String(source.kind === "file"));
    this.#stop.disabled = false;
    this.#mute.hidden = source.setMuted === null;
    setText(this.#title, source.title);
    setText(this.#time, "");
    this.#progress.style.setProperty("--progress", "0");
  }

  /** @param {number} timeS Of the whole stream. */
  end(timeS) {
    this.paint(timeS);
    // Nothing came of it (a refused microphone, say): show the invitation again rather than empty panels.
    document.body.dataset.phase = timeS > 0 || this.#shown ? "stopped" : "idle";
    this.#shown = document.body.dataset.phase === "stopped";
    if (document.activeElement === this.#stop) {
      (this.#source?.kind === "file" ? this.#file : this.#microphone).focus({ preventScroll: true });
    }
    this.#source = null;
    this.#panel.dataset.kind = "";
    this.#microphone.setAttribute("aria-pressed", "false");
    this.#file.setAttribute("aria-pressed", "false");
    this.#stop.disabled = true;
    this.#mute.hidden = true;
  }

  /** @param {number} timeS Of the stream so far. */
  paint(timeS) {
    if (!this.#source) return;
    const position = this.#source.position();
    setText(this.#title, this.#source.title);
    if (position?.durationS) {
      setText(this.#time, `${clockTime(position.timeS)} / ${clockTime(position.durationS)}`);
      this.#progress.style.setProperty("--progress", (position.timeS / position.durationS).toFixed(4));
    } else {
      setText(this.#time, clockTime(timeS));
    }
  }
}

/** @param {(file: File) => void} onFile */
function acceptDrops(onFile) {
  const carriesFile = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files") ?? false;
  addEventListener("dragover", (event) => {
    if (!carriesFile(event)) return;
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) document.body.classList.remove("dropping");
  });
  addEventListener("drop", (event) => {
    if (!carriesFile(event)) return;
    event.preventDefault();
    document.body.classList.remove("dropping");
    const file = event.dataTransfer?.files[0];
    if (file) onFile(file);
  });
}
