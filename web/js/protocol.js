// The wire protocol tectum.v1 as the browser speaks it: message types, parsing and building.
// Pure: no socket, no clock, no DOM.

export const SUBPROTOCOL = "tectum.v1";
const TOKEN_PREFIX = "tectum.token.";

/**
 * Close codes the server uses.
 */
export const CloseCode = Object.freeze({
  DONE: 1000,
  BAD_INPUT: 1008,
  INTERNAL: 1011,
  SERVER_FULL: 1013,
  NOT_ALLOWED: 4401,
});

/** @typedef {{ name: string, params: Record<string, unknown> }} PluginConfig */
/** @typedef {{ label: string, p: number }} LabelProbability */
/** @typedef {{ text_bytes: number, frame_bytes: number }} Limits */
/** @typedef {{ delay_samples: number, sample_rate: number, channels: number }} OutputFormat */

/**
 * @typedef {object} AudioConfig
 * @property {"s16le" | "f32le"} format
 * @property {number} sample_rate Hz.
 * @property {number} channels
 * @property {"live" | "file"} mode `live`: the server drops rather than wait.
 */

/** @typedef {{ type: "session.created", version: string, limits: Limits }} SessionCreated */

/**
 * @typedef {object} SessionUpdated The settings in force.
 * @property {"session.updated"} type
 * @property {string} session_id
 * @property {AudioConfig} audio
 * @property {PluginConfig[]} plugins
 * @property {OutputFormat | null} output Null when no processed audio comes back.
 */

/**
 * @typedef {object} GenreEvent
 * @property {"genre"} type
 * @property {number} time_s Stream time at the end of what was heard.
 * @property {string | null} label Null while unsure or nothing that is music plays.
 * @property {number | null} confidence 0 to 1.
 * @property {LabelProbability[]} top Best first.
 * @property {boolean} music
 * @property {number[] | null} [embedding] Where asked for: of length 1, null before there is one.
 */

/** @typedef {{ type: "levels", rms_db: number, peak_db: number }} LevelsEvent */

/**
 * @typedef {object} StatsEvent
 * @property {"stats"} type
 * @property {number} received_frames
 * @property {number} received_samples
 * @property {number} dropped_samples
 * @property {number} dropped_hops
 * @property {number} dropped_events
 * @property {number} deadline_misses
 * @property {{ p50: number | null, p99: number | null }} latency_ms Null before the first result.
 */

/** @typedef {{ type: "error", code: string, message: string, param: string | null }} ErrorEvent */
/** @typedef {{ type: "pong", id: number }} PongEvent */
/** @typedef {{ type: "summary" }} SummaryEvent */

/** @typedef {SessionCreated | SessionUpdated | PongEvent | ErrorEvent | SummaryEvent} ControlMessage */
/** @typedef {ControlMessage | GenreEvent | LevelsEvent | StatsEvent} ServerMessage */

const KNOWN_TYPES = new Set([
  "session.created",
  "session.updated",
  "genre",
  "levels",
  "stats",
  "error",
  "pong",
  "summary",
]);

/**
 * Parses one text message of the server.
 *
 * @param {string} text JSON text.
 * @returns {ServerMessage | null} The message, or null for a type this page does not know: a newer server may say more.
 * @throws {TypeError} When the text is not a JSON object with a `type`.
 */
export function parseServerMessage(text) {
  /** @type {unknown} */
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    throw new TypeError(`expected JSON from the server, got ${JSON.stringify(text.slice(0, 80))}`);
  }
  if (typeof value !== "object" || value === null || !("type" in value) || typeof value.type !== "string") {
    throw new TypeError(`expected an object with a type from the server, got ${text.slice(0, 80)}`);
  }
  return KNOWN_TYPES.has(value.type) ? /** @type {ServerMessage} */ (value) : null;
}

/**
 * @param {PluginConfig[]} plugins What shall listen, with parameters.
 * @param {AudioConfig} [audio] Needed in the first update of a session, left out later.
 * @returns {string}
 */
export function sessionUpdate(plugins, audio) {
  return JSON.stringify(audio ? { type: "session.update", audio, plugins } : { type: "session.update", plugins });
}

/** @returns {string} */
export function endOfStream() {
  return JSON.stringify({ type: "end_of_stream" });
}

/**
 * @param {number} id Comes back in the pong.
 * @returns {string}
 */
export function ping(id) {
  return JSON.stringify({ type: "ping", id });
}

/**
 * A browser cannot set headers on a websocket, so a token travels as a second subprotocol.
 *
 * @param {string | null} token
 * @returns {string[]}
 */
export function subprotocols(token) {
  return token ? [SUBPROTOCOL, TOKEN_PREFIX + token] : [SUBPROTOCOL];
}

/**
 * @param {string} token
 * @returns {boolean} Whether the token can travel in a subprotocol (RFC 6455 4.1: an HTTP token).
 */
export function isTokenSendable(token) {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(token);
}
