// How labels are written and coloured. Pure.

/** @type {Record<string, { name: string, hue: number }>} */
const KNOWN = {
  blues: { name: "Blues", hue: 258 },
  classical: { name: "Classical", hue: 300 },
  country: { name: "Country", hue: 118 },
  disco: { name: "Disco", hue: 338 },
  hiphop: { name: "Hip hop", hue: 55 },
  jazz: { name: "Jazz", hue: 85 },
  metal: { name: "Metal", hue: 215 },
  pop: { name: "Pop", hue: 5 },
  reggae: { name: "Reggae", hue: 152 },
  rock: { name: "Rock", hue: 30 },
};

/**
 * @param {string} label As the server says it.
 * @returns {string} As people write it.
 */
export function labelName(label) {
  return KNOWN[label]?.name ?? label.charAt(0).toUpperCase() + label.slice(1).replaceAll("_", " ");
}

/**
 * @param {string} label
 * @returns {number} Degrees of OKLCH hue; the same for a label for ever.
 */
export function labelHue(label) {
  const known = KNOWN[label];
  if (known) return known.hue;
  let hash = 0;
  for (const character of label) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 360;
  return hash;
}

/** Labels shown before a server has named its own, in the order of their bars. */
export const DEFAULT_LABELS = Object.freeze(Object.keys(KNOWN));
