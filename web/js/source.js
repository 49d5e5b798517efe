// The contract of everything a stream can listen to. Types only.

/**
 * What a stream listens to. A new kind of source (WebRTC, a radio) implements this.
 *
 * @typedef {object} Source
 * @property {"microphone" | "file"} kind
 * @property {string} title For people.
 * @property {(context: AudioContext) => Promise<AudioNode>} open Asks for what it needs; nothing is heard yet.
 * @property {() => Promise<void>} start From here on audio flows.
 * @property {() => void} close Ends it; may be called at any time, and twice.
 * @property {((error: Error | null) => void) | null} onEnded Called when it ends by itself; with an error if it broke.
 * @property {() => { timeS: number, durationS: number } | null} position Where a source of known length is.
 * @property {((muted: boolean) => void) | null} setMuted Null for a source that is not played aloud.
 */

export {};
