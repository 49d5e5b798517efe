// How the stream is doing: connection, delays, losses.

import { byId, setText } from "./dom.js";
import { integer, milliseconds } from "./format.js";

/** @typedef {import("./panel.js").Panel} Panel */

/** @typedef {import("./connection.js").ConnectionState} ConnectionState */

const STATE_TEXT = {
  connecting: "Connecting…",
  live: "Live",
  waiting: "Reconnecting",
  failed: "Not connected",
  ended: "Ready",
};

/**
 * @implements {Panel}
 */
export class StatusPanel {
  #pill = byId("connection", HTMLElement);
  #text = byId("connection-text", HTMLElement);
  #countdown = byId("connection-countdown", HTMLElement);
  #roundTrip = byId("stat-round-trip", HTMLElement);
  #latency = byId("stat-latency", HTMLElement);
  #dropped = byId("stat-dropped", HTMLElement);
  #droppedHere = byId("stat-dropped-here", HTMLElement);
  #misses = byId("stat-misses", HTMLElement);
  #session = byId("stat-session", HTMLElement);
  #sampleRate = 48_000;
  #retryAtMs = 0;
  #version = "";
  /** @type {() => number} */
  #lostS;

  /** @param {() => number} lostS Seconds of audio that this page left out. */
  constructor(lostS) {
    this.#lostS = lostS;
  }

  /** @param {number} sampleRate */
  onStart(sampleRate) {
    this.#sampleRate = sampleRate;
  }

  /** Before a stream begins to connect. */
  clear() {
    for (const element of [this.#roundTrip, this.#latency, this.#dropped, this.#droppedHere, this.#misses])
      setText(element, "–");
    for (const element of [this.#dropped, this.#droppedHere, this.#misses]) element.classList.remove("stat--bad");
  }

  /** @param {ConnectionState} state */
  onConnection(state) {
    this.#pill.dataset.state = state.name;
    setText(this.#text, STATE_TEXT[state.name]);
    this.#retryAtMs = state.name === "waiting" ? state.retryAtMs : 0;
    this.onPaint();
  }

  /** @param {ConnectionState["name"]} name For the time when no stream runs. */
  onIdle(name) {
    this.#pill.dataset.state = name;
    this.#retryAtMs = 0;
    setText(this.#text, STATE_TEXT[name]);
    setText(this.#countdown, "");
  }

  /** @param {number} ms */
  onRoundTrip(ms) {
    setText(this.#roundTrip, milliseconds(ms));
  }

  /** @param {import("./protocol.js").ServerMessage} message */
  onMessage(message) {
    if (message.type === "session.created") this.#version = message.version;
    if (message.type === "session.updated")
      setText(this.#session, `tectum ${this.#version} · session ${message.session_id.slice(0, 8)}`);
    if (message.type !== "stats") return;
    const { p50, p99 } = message.latency_ms;
    setText(this.#latency, `${milliseconds(p50).replace(" ms", "")} · ${milliseconds(p99)}`);
    this.#showDropped(message);
    count(this.#misses, message.deadline_misses, integer(message.deadline_misses));
  }

  /** @param {import("./protocol.js").StatsEvent} stats */
  #showDropped({ dropped_samples, dropped_hops, dropped_events }) {
    const parts = [];
    if (dropped_samples) parts.push(milliseconds((1000 * dropped_samples) / this.#sampleRate));
    if (dropped_hops) parts.push(`${integer(dropped_hops)} hops`);
    if (dropped_events) parts.push(`${integer(dropped_events)} events`);
    count(this.#dropped, parts.length, parts.join(" · "));
  }

  onPaint() {
    const waitMs = this.#retryAtMs - performance.now();
    setText(this.#countdown, this.#retryAtMs ? `in ${Math.max(0, Math.ceil(waitMs / 1000))} s` : "");
    this.#showLost();
  }

  #showLost() {
    const lostS = this.#lostS();
    count(this.#droppedHere, lostS, milliseconds(1000 * lostS));
  }
}

/**
 * @param {HTMLElement} element
 * @param {number} amount Of something that should not happen.
 * @param {string} text
 */
function count(element, amount, text) {
  setText(element, amount > 0 ? text : "0");
  element.classList.toggle("stat--bad", amount > 0);
}
