// What the page asks its server over HTTP, and the token it does that with.

import { Backoff } from "./backoff.js";
import { NOT_ALLOWED, SERVER_GONE } from "./failures.js";

/** @typedef {import("./plugins-panel.js").PluginInfo} PluginInfo */

const ANSWER_LIMIT_MS = 5000;
const TOKEN_KEY = "tectum.token";

/** The server this page came from. */
export const SERVER = new URL("/", location.href);

/**
 * A token given as `#token=...` is taken over and removed from the address, so that it is not copied with it.
 *
 * @returns {string | null} Kept until the tab is closed.
 */
export function accessToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    sessionStorage.setItem(TOKEN_KEY, given);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return sessionStorage.getItem(TOKEN_KEY);
}

/** @param {string} token */
export function keepAccessToken(token) {
  sessionStorage.setItem(TOKEN_KEY, token);
}

/**
 * Asks until the server answers.
 *
 * @param {(failure: import("./failures.js").Failure) => void} onFailure Each time it does not, or wants a token.
 * @returns {Promise<PluginInfo[] | null>} Null when it wants a token.
 */
export async function fetchPlugins(onFailure) {
  const backoff = new Backoff();
  for (;;) {
    const response = await request("/v1/plugins");
    if (response?.ok) return (await response.json()).plugins;
    if (response?.status === 401 || response?.status === 403) {
      onFailure(NOT_ALLOWED);
      return null;
    }
    onFailure(SERVER_GONE);
    await new Promise((resolve) => setTimeout(resolve, backoff.next()));
  }
}

/**
 * @param {string} path
 * @returns {Promise<Response | null>} Null when nobody answers.
 */
async function request(path) {
  const token = accessToken();
  const headers = token ? { Authorization: `Bearer ${token}` } : undefined;
  try {
    return await fetch(new URL(path, SERVER), { headers, signal: AbortSignal.timeout(ANSWER_LIMIT_MS) });
  } catch {
    return null;
  }
}
