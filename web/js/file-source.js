// A file as a source: played aloud at its own pace while it is analysed.

/** @typedef {import("./source.js").Source} Source */

/** Raised when the browser cannot play what it was given. */
export class UndecodableFile extends Error {
  /** @override */
  name = "UndecodableFile";
}

/**
 * The browser's own media element decodes, so a long file is never held in memory, and the sound of a video works too.
 *
 * @implements {Source}
 */
export class FileSource {
  /** @type {"file"} */
  kind = "file";
  /** @type {((error: Error | null) => void) | null} */
  onEnded = null;
  #element = new Audio();
  #url;
  /** @type {GainNode | null} */
  #output = null;
  #muted;

  /**
   * @param {File} file
   * @param {boolean} [muted] Whether to begin unheard.
   */
  constructor(file, muted = false) {
    this.file = file;
    this.title = file.name;
    this.#muted = muted;
    this.#url = URL.createObjectURL(file);
  }

  /**
   * @param {AudioContext} context
   * @returns {Promise<AudioNode>}
   * @throws {UndecodableFile} When there is no audio in it that this browser can decode.
   */
  async open(context) {
    const element = this.#element;
    await new Promise((resolve, reject) => {
      element.addEventListener("loadedmetadata", resolve, { once: true });
      element.addEventListener("error", () => reject(this.#undecodable()), { once: true });
      element.preload = "auto";
      element.src = this.#url;
    });
    element.addEventListener("ended", () => this.onEnded?.(null));
    element.addEventListener("error", () => this.onEnded?.(this.#undecodable()));
    const source = context.createMediaElementSource(element);
    this.#output = context.createGain();
    source.connect(this.#output).connect(context.destination);
    this.setMuted(this.#muted);
    return source;
  }

  /**
   * @throws {DOMException} NotAllowedError when the browser wants a click before it plays.
   */
  async start() {
    await this.#element.play();
  }

  /** @param {boolean} muted Silences the loudspeaker, not the analysis. */
  setMuted(muted) {
    this.#muted = muted;
    if (this.#output) this.#output.gain.value = muted ? 0 : 1;
  }

  close() {
    this.onEnded = null;
    this.#element.pause();
    URL.revokeObjectURL(this.#url);
  }

  position() {
    const { currentTime, duration } = this.#element;
    return { timeS: currentTime, durationS: Number.isFinite(duration) ? duration : 0 };
  }

  #undecodable() {
    return new UndecodableFile(this.#element.error?.message || "the browser cannot decode it");
  }
}
