// How numbers are written on the page. Pure.

/**
 * @param {number} seconds
 * @returns {string} `m:ss`, or `h:mm:ss` from an hour on.
 */
export function clockTime(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const tail = String(whole % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${tail}` : `${minutes}:${tail}`;
}

/**
 * @param {number} p 0 to 1.
 * @returns {string} Whole percents.
 */
export function percent(p) {
  return `${Math.round(100 * p)} %`;
}

/**
 * @param {number | null | undefined} ms
 * @returns {string} One decimal under 10 ms, a dash for nothing yet.
 */
export function milliseconds(ms) {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return "–";
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}

/**
 * @param {number} db dB relative to full scale.
 * @returns {string}
 */
export function decibels(db) {
  return db <= -99 ? "−∞ dB" : `${db < 0 ? "−" : ""}${Math.abs(db).toFixed(0)} dB`;
}

/**
 * @param {number} count
 * @returns {string} Grouped in thousands.
 */
export function integer(count) {
  return Math.round(count).toLocaleString("en").replaceAll(",", "\u202f");
}
