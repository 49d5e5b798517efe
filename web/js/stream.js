// One stream from beginning to end: a source, its capture and its connection.
// Invariant: stop() leaves nothing running, whenever it is called.

import { Capture, createContext } from "./capture.js";
import { Connection } from "./connection.js";
import { sourceFailure } from "./failures.js";

/** @typedef {import("./source.js").Source} Source */
/** @typedef {import("./protocol.js").ServerMessage} ServerMessage */
/** @typedef {import("./connection.js").ConnectionState} ConnectionState */

/**
 * @typedef {object} StreamHandlers
 * @property {(sampleRate: number) => void} onStart Audio is about to flow.
 * @property {(frame: Int16Array) => void} onFrame 20 ms of what is captured; only valid during the call.
 * @property {(message: ServerMessage, offsetS: number) => void} onMessage `offsetS` plus its time is the page's.
 * @property {(state: ConnectionState) => void} onConnection
 * @property {(ms: number) => void} onRoundTrip
 * @property {(failure: import("./failures.js").Failure | null) => void} onEnded Once, with what went wrong if something
 *   did.
 */

export class Stream {
  /** @type {AudioContext | null} */
  #context = null;
  /** @type {Capture | null} */
  #capture = null;
  /** @type {Connection | null} */
  #connection = null;
  #capturedSamples = 0;
  #sentSamples = 0;
  #unsentSamples = 0;
  #stopped = false;

  /**
   * @param {object} options
   * @param {Source} options.source
   * @param {URL} options.server
   * @param {string | null} options.token
   * @param {() => import("./protocol.js").PluginConfig[]} options.plugins
   * @param {StreamHandlers} options.handlers
   */
  constructor({ source, server, token, plugins, handlers }) {
    this.source = source;
    this.server = server;
    this.token = token;
    this.plugins = plugins;
    this.handlers = handlers;
  }

  /** Hz, once it has started. */
  get sampleRate() {
    return this.#context?.sampleRate ?? 48_000;
  }

  /** Seconds of audio captured so far. */
  get timeS() {
    return this.#capturedSamples / this.sampleRate;
  }

  /** Seconds of audio that never left this page: offline, a full send buffer or a busy page. */
  get droppedS() {
    return (this.#unsentSamples + (this.#capture?.droppedSamples ?? 0)) / this.sampleRate;
  }

  /** Opens the source, connects, and lets the audio flow. Failures arrive at `onEnded`. */
  async start() {
    try {
      await this.#open();
    } catch (error) {
      await this.stop(sourceFailure(error, this.source.kind));
    }
  }

  async #open() {
    const context = (this.#context = createContext());
    const node = await this.source.open(context);
    if (this.#stopped) return;
    this.#capture = await Capture.create(context, (frame) => this.#onFrame(frame));
    if (this.#stopped) return;
    await this.#connect().settled();
    if (this.#stopped) return;
    this.source.onEnded = (error) => void this.stop(error && sourceFailure(error, this.source.kind));
    this.#capture.listen(node);
    this.handlers.onStart(context.sampleRate);
    void context.resume();
    await this.source.start();
  }

  #connect() {
    const { sampleRate } = this;
    this.#connection = new Connection({
      server: this.server,
      token: this.token,
      audio: { format: "s16le", sample_rate: sampleRate, channels: 1, mode: "live" },
      plugins: this.plugins,
      handlers: {
        onState: (state) => this.#onConnection(state),
        onMessage: (message) => this.#onMessage(message),
        onRoundTrip: this.handlers.onRoundTrip,
      },
    });
    this.#connection.open();
    return this.#connection;
  }

  /** @param {Int16Array<ArrayBuffer>} frame */
  #onFrame(frame) {
    this.#capturedSamples += frame.length;
    if (this.#connection?.sendAudio(frame)) this.#sentSamples += frame.length;
    else this.#unsentSamples += frame.length;
    this.handlers.onFrame(frame);
  }

  /** @param {ServerMessage} message */
  #onMessage(message) {
    if (message.type === "session.created") this.#sentSamples = 0; // a new session counts from zero
    this.handlers.onMessage(message, (this.#capturedSamples - this.#sentSamples) / this.sampleRate);
  }

  /** @param {ConnectionState} state */
  #onConnection(state) {
    this.handlers.onConnection(state);
    if (state.name === "failed") void this.stop(state.failure);
    else if (state.name === "ended") void this.stop();
  }

  /** Sends the present plugin settings to the server. */
  updatePlugins() {
    this.#connection?.sendPlugins();
  }

  /**
   * Ends the stream; the server's last events still arrive. Safe to call twice.
   *
   * @param {import("./failures.js").Failure | null} [failure] Why, if something went wrong.
   * @returns {Promise<void>}
   */
  async stop(failure = null) {
    if (this.#stopped) return;
    this.#stopped = true;
    if (this.#context?.state === "running") await this.#capture?.flush();
    this.source.close();
    await this.#connection?.end();
    await this.#context?.close();
    this.handlers.onEnded(failure);
  }
}
