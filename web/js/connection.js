// One stream's websocket: connects, comes back after a loss, guards its send buffer, measures the round trip.

import { Backoff } from "./backoff.js";
import { NOT_ALLOWED, SERVER_FULL, SERVER_GONE, closeFailure } from "./failures.js";
import { CloseCode, endOfStream, parseServerMessage, ping, sessionUpdate, subprotocols } from "./protocol.js";

/** @typedef {import("./failures.js").Failure} Failure */
/** @typedef {import("./protocol.js").PluginConfig} PluginConfig */
/** @typedef {import("./protocol.js").ServerMessage} ServerMessage */

/**
 * @typedef {{ name: "connecting" }
 *   | { name: "live" }
 *   | { name: "waiting", failure: Failure, retryAtMs: number }
 *   | { name: "failed", failure: Failure }
 *   | { name: "ended" }} ConnectionState
 */

/**
 * @typedef {object} ConnectionHandlers
 * @property {(state: ConnectionState) => void} onState
 * @property {(message: ServerMessage) => void} onMessage
 * @property {(ms: number) => void} onRoundTrip
 */

const PING_INTERVAL_MS = 2000;
const SILENCE_LIMIT_MS = 8000; // four pings unanswered: the server is gone, whatever the socket says
const PROBE_LIMIT_MS = 3000;
const SUMMARY_LIMIT_MS = 3000;
const MAX_BUFFERED_S = 1;

export class Connection {
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {ConnectionState} */
  #state = { name: "connecting" };
  #backoff = new Backoff();
  #pingId = 0;
  #pingSentMs = 0;
  #heardMs = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retryTimer;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #pingTimer;
  /** @type {(() => void)[]} */
  #whenSettled = [];

  /**
   * @param {object} options
   * @param {URL} options.server Of the page's server, http or https.
   * @param {string | null} options.token
   * @param {import("./protocol.js").AudioConfig} options.audio
   * @param {() => PluginConfig[]} options.plugins Asked on each connect, so that a reconnect has the newest settings.
   * @param {ConnectionHandlers} options.handlers
   */
  constructor({ server, token, audio, plugins, handlers }) {
    this.server = server;
    this.token = token;
    this.audio = audio;
    this.plugins = plugins;
    this.handlers = handlers;
    this.#maxBuffered = MAX_BUFFERED_S * audio.sample_rate * audio.channels * (audio.format === "s16le" ? 2 : 4);
  }

  #maxBuffered;

  get live() {
    return this.#state.name === "live";
  }

  open() {
    this.#setState({ name: "connecting" });
    const url = new URL("/v1/stream", this.server);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url, subprotocols(this.token));
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({ data }) => this.#receive(socket, data));
    socket.addEventListener("close", ({ code, reason }) => void this.#closed(socket, code, reason));
    this.#socket = socket;
    this.#heardMs = performance.now();
    clearInterval(this.#pingTimer);
    this.#pingTimer = setInterval(() => this.#keepAlive(socket), PING_INTERVAL_MS);
  }

  /** @returns {Promise<void>} Resolves once audio can flow, or once it never will. */
  async settled() {
    if (["live", "failed", "ended"].includes(this.#state.name)) return;
    await new Promise((resolve) => this.#whenSettled.push(() => resolve(undefined)));
  }

  /**
   * @param {Int16Array<ArrayBuffer>} frame Copied by the socket, so it may be used again.
   * @returns {boolean} False when it was left out: not connected, or about a second is still waiting to be sent.
   */
  sendAudio(frame) {
    if (!this.live || !this.#socket || this.#socket.bufferedAmount > this.#maxBuffered) return false;
    this.#socket.send(frame);
    return true;
  }

  /** Tells the server the present plugins and parameters, if one is listening; a later connect tells them anyway. */
  sendPlugins() {
    if (this.live) this.#socket?.send(sessionUpdate(this.plugins()));
  }

  /**
   * Ends the stream: lets the server finish what it has heard, then closes.
   *
   * @returns {Promise<void>}
   */
  async end() {
    const socket = this.#socket;
    if (this.live && socket) {
      const closed = new Promise((resolve) => socket.addEventListener("close", resolve, { once: true }));
      socket.send(endOfStream());
      await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, SUMMARY_LIMIT_MS))]);
    }
    this.close();
  }

  /** Closes at once, and for good. */
  close() {
    const socket = this.#socket;
    this.#socket = null;
    clearTimeout(this.#retryTimer);
    clearInterval(this.#pingTimer);
    socket?.close(CloseCode.DONE);
    if (this.#state.name !== "failed") this.#setState({ name: "ended" });
  }

  /** @param {ConnectionState} state */
  #setState(state) {
    this.#state = state;
    this.handlers.onState(state);
    if (["live", "failed", "ended"].includes(state.name)) this.#whenSettled.splice(0).forEach((resolve) => resolve());
  }

  /**
   * @param {WebSocket} socket
   * @param {string | ArrayBuffer} data
   */
  #receive(socket, data) {
    if (socket !== this.#socket) return;
    this.#heardMs = performance.now();
    if (typeof data !== "string") return; // processed audio: no processor is asked for by this page
    const message = parseServerMessage(data);
    if (message === null) return;
    if (message.type === "session.created") {
      socket.send(sessionUpdate(this.plugins(), this.audio));
    } else if (message.type === "session.updated" && !this.live) {
      this.#backoff.reset();
      this.#setState({ name: "live" });
      this.#keepAlive(socket);
    } else if (message.type === "pong" && message.id === this.#pingId) {
      this.handlers.onRoundTrip(this.#heardMs - this.#pingSentMs);
    }
    this.handlers.onMessage(message);
  }

  /** @param {WebSocket} socket */
  #keepAlive(socket) {
    if (socket !== this.#socket) return;
    const now = performance.now();
    if (now - this.#heardMs > SILENCE_LIMIT_MS) {
      socket.close();
      void this.#closed(socket, 1006, "");
      return;
    }
    if (!this.live) return;
    this.#pingId += 1;
    this.#pingSentMs = now;
    socket.send(ping(this.#pingId));
  }

  /**
   * @param {WebSocket} socket
   * @param {number} code
   * @param {string} reason
   */
  async #closed(socket, code, reason) {
    if (socket !== this.#socket) return;
    this.#socket = null;
    clearInterval(this.#pingTimer);
    const failure = code === 1006 ? await this.#diagnose() : closeFailure(code, reason);
    if (this.#state.name === "ended") return; // closed by hand meanwhile
    if (failure === null) this.#setState({ name: "ended" });
    else if (failure.retry) this.#retryLater(failure);
    else this.#setState({ name: "failed", failure });
  }

  /** A refusal before the upgrade looks like a loss: ask over HTTP what the matter is. */
  #diagnose() {
    this.#setState({ name: "connecting" });
    return probe(this.server, this.token);
  }

  /** @param {Failure} failure */
  #retryLater(failure) {
    const waitMs = this.#backoff.next(failure.retryAfterMs);
    this.#setState({ name: "waiting", failure, retryAtMs: performance.now() + waitMs });
    this.#retryTimer = setTimeout(() => this.open(), waitMs);
  }
}

/**
 * @param {URL} server
 * @param {string | null} token
 * @returns {Promise<Failure>} Why a websocket was refused.
 */
async function probe(server, token) {
  try {
    const headers = token ? { Authorization: `Bearer ${token}` } : undefined;
    const signal = AbortSignal.timeout(PROBE_LIMIT_MS);
    const [plugins, ready] = await Promise.all(
      ["/v1/plugins", "/readyz"].map((path) => fetch(new URL(path, server), { headers, signal })),
    );
    if (plugins.status === 401 || plugins.status === 403) return NOT_ALLOWED;
    if (ready.status === 503) return SERVER_FULL;
  } catch {
    // No answer at all: it is gone.
  }
  return SERVER_GONE;
}
