// Audio of any node as 20 ms frames of 16-bit mono PCM, by way of the capture worklet.

/**
 * Called for each frame; the array is only valid during the call.
 *
 * @typedef {(frame: Int16Array<ArrayBuffer>) => void} OnFrame
 */

const MAX_SAMPLE_RATE = 48_000;
const FLUSH_LIMIT_MS = 300;
const WORKLET_URL = new URL("./capture-worklet.js", import.meta.url);

/**
 * @returns {AudioContext} At the device's own rate, or at 48 kHz where that is higher.
 */
export function createContext() {
  const context = new AudioContext({ latencyHint: "interactive" });
  if (context.sampleRate <= MAX_SAMPLE_RATE) return context;
  void context.close();
  return new AudioContext({ latencyHint: "interactive", sampleRate: MAX_SAMPLE_RATE });
}

/**
 * The worklet of one context and the buffers that travel between it and the page.
 */
export class Capture {
  #context;
  #node;
  #onFrame;
  /** @type {(() => void) | null} */
  #onFlushed = null;

  /** Samples that the audio thread left out because the page was too busy. */
  droppedSamples = 0;

  /**
   * @param {AudioContext} context
   * @param {OnFrame} onFrame
   * @returns {Promise<Capture>}
   */
  static async create(context, onFrame) {
    await context.audioWorklet.addModule(WORKLET_URL);
    return new Capture(context, onFrame);
  }

  /**
   * Use `Capture.create`, which loads the worklet first.
   *
   * @param {AudioContext} context
   * @param {OnFrame} onFrame
   */
  constructor(context, onFrame) {
    this.#context = context;
    this.#onFrame = onFrame;
    this.#node = new AudioWorkletNode(context, "tectum-capture", {
      numberOfInputs: 1,
      numberOfOutputs: 1,
      channelCount: 1,
      channelCountMode: "explicit", // the browser mixes down
    });
    this.#node.port.onmessage = ({ data }) => this.#receive(data);
    this.#node.connect(context.destination); // silent, but a node that leads nowhere need not be run
  }

  /** @param {AudioNode} node What to listen to. */
  listen(node) {
    node.connect(this.#node);
  }

  /** @param {ArrayBuffer | { rest: ArrayBuffer | null, droppedSamples: number }} data */
  #receive(data) {
    if (data instanceof ArrayBuffer) {
      this.#onFrame(new Int16Array(data));
      this.#node.port.postMessage(data, [data]);
      return;
    }
    this.droppedSamples += data.droppedSamples;
    if (data.rest === null) return;
    if (data.rest.byteLength > 0) this.#onFrame(new Int16Array(data.rest));
    this.#onFlushed?.();
  }

  /**
   * Delivers what is left of the last frame. No frame comes after it.
   *
   * @returns {Promise<void>}
   */
  async flush() {
    if (this.#context.state === "closed") return;
    const flushed = new Promise((resolve) => {
      this.#onFlushed = () => resolve(undefined);
    });
    this.#node.port.postMessage("flush");
    // A sound card that has stopped never runs the worklet again.
    await Promise.race([flushed, new Promise((resolve) => setTimeout(resolve, FLUSH_LIMIT_MS))]);
    this.#node.disconnect();
  }
}
