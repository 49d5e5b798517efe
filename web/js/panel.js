// The contract of everything on the page that shows a part of the stream. Types only.

/**
 * A panel takes what it understands and ignores the rest; it keeps its own state and touches only its own elements.
 * A new one (faces, a map of sounds) is a file like `meter-panel.js` and one line in `main.js`.
 *
 * @typedef {object} Panel
 * @property {(sampleRate: number) => void} [onStart] A new stream: forget the one before.
 * @property {(frame: Int16Array) => void} [onFrame] 20 ms of captured audio; only valid during the call.
 * @property {(message: import("./protocol.js").ServerMessage, offsetS: number) => void} [onMessage]
 *   An event; `offsetS` plus its `time_s` is the time on the page's stream.
 * @property {(state: import("./connection.js").ConnectionState) => void} [onConnection]
 * @property {() => void} [onPaint] Once a displayed frame, while a stream runs.
 * @property {() => void} [onEnd] The stream is over; what was shown may stay.
 */

export {};
