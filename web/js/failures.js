// What went wrong, in words for a person. Pure.

import { CloseCode } from "./protocol.js";

/**
 * @typedef {object} Failure
 * @property {string} id Replaces an older notice with the same id.
 * @property {string} title What happened.
 * @property {string} detail What to do about it.
 * @property {boolean} [retry] Whether trying again by itself makes sense.
 * @property {number} [retryAfterMs] Not earlier than this.
 * @property {"token" | "play"} [needs] What the person can give: an access token, or a click.
 */

/** @type {Record<string, Omit<Failure, "id">>} */
const SOURCE_FAILURES = {
  NotAllowedError: {
    title: "The microphone is blocked",
    detail: "Allow it for this page in the address bar, then press Microphone again. Or play a file instead.",
  },
  NotFoundError: {
    title: "No microphone was found",
    detail: "Plug one in and press Microphone again, or play a file instead.",
  },
  NotReadableError: {
    title: "The microphone cannot be read",
    detail: "It was unplugged, or another program holds it. Check the connection and press Microphone again.",
  },
  SecurityError: {
    title: "Microphones only work on a secure page",
    detail: "Open this page over https or on localhost. Files work here as well.",
  },
  UndecodableFile: {
    title: "This file cannot be played",
    detail: "Your browser finds no audio in it that it can decode. Try MP3, WAV, FLAC, Ogg, Opus or M4A.",
  },
};

/** @type {Omit<Failure, "id">} */
const CLICK_WANTED = {
  title: "Your browser wants a click first",
  detail: "Press Play to hear the file.",
  needs: "play",
};

/**
 * @param {unknown} error What opening or playing a source threw.
 * @param {"microphone" | "file"} kind
 * @returns {Failure}
 */
export function sourceFailure(error, kind) {
  const name = error instanceof Error ? error.name : "";
  if (kind === "file" && name === "NotAllowedError") return { id: "source", ...CLICK_WANTED };
  const known = SOURCE_FAILURES[name];
  if (known) return { id: "source", ...known };
  const detail = error instanceof Error ? error.message : String(error);
  return { id: "source", title: kind === "file" ? "This file cannot be played" : "The microphone failed", detail };
}

/** @type {Failure} */
export const SERVER_GONE = {
  id: "connection",
  title: "The server does not answer",
  detail: "Is it still running? This page goes on trying and picks up by itself.",
  retry: true,
};

/** @type {Failure} */
export const SERVER_FULL = {
  id: "connection",
  title: "The server is full",
  detail: "Every place is taken. This page tries again in a few seconds.",
  retry: true,
  retryAfterMs: 5000,
};

/** @type {Failure} */
export const NOT_ALLOWED = {
  id: "connection",
  title: "This server needs an access token",
  detail: "Ask whoever runs it, and enter the token here.",
  needs: "token",
};

/**
 * @param {number} code Of the websocket's close event.
 * @param {string} reason
 * @returns {Failure | null} Null for an ordinary end.
 */
export function closeFailure(code, reason) {
  switch (code) {
    case CloseCode.DONE:
      return null;
    case CloseCode.NOT_ALLOWED:
      return NOT_ALLOWED;
    case CloseCode.SERVER_FULL:
      return SERVER_FULL;
    case CloseCode.BAD_INPUT:
      return {
        id: "connection",
        title: "The server ended the stream",
        detail: reason || "It did not accept what this page sent.",
      };
    case CloseCode.INTERNAL:
      return {
        id: "connection",
        title: "The server had a fault",
        detail: reason || "This page tries again.",
        retry: true,
      };
    default:
      return SERVER_GONE;
  }
}

/** @type {Record<string, string>} */
const EVENT_TITLES = {
  bad_frame: "A piece of audio was left out",
  bad_format: "The server does not take this audio format",
  bad_message: "The server did not understand this page",
  bad_param: "A setting was not accepted",
  unknown_plugin: "The server does not have that plugin",
  plugin_raised: "A plugin failed and was switched off",
  plugin_output_invalid: "A plugin gave nonsense and was switched off",
  plugin_stalled: "A plugin was too slow and was switched off",
  client_too_slow: "This page reads too slowly",
};

/**
 * @param {import("./protocol.js").ErrorEvent} event
 * @returns {Failure}
 */
export function eventFailure(event) {
  if (event.code === "server_full") return SERVER_FULL; // the close that follows says the same
  if (event.code === "not_allowed") return NOT_ALLOWED;
  const title = EVENT_TITLES[event.code] ?? "The server reports a problem";
  return { id: `event:${event.code}`, title, detail: event.message };
}
