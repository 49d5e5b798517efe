// Perceptually even colour maps, made in OKLCH: lightness runs in a straight line, hue turns slowly. Pure.
// OKLab: Björn Ottosson, "A perceptual color space for image processing" (2020).

/** @typedef {{ lightness: [number, number], chroma: number, hue: [number, number] }} Ramp */

/** @type {Record<"dark" | "light", Ramp>} */
const RAMPS = {
  // From the panel's own background upwards: night blue, violet, coral, pale gold.
  dark: { lightness: [0.175, 0.95], chroma: 0.165, hue: [275, 455] },
  // From paper downwards: cream, coral, plum, ink.
  light: { lightness: [0.99, 0.24], chroma: 0.15, hue: [445, 270] },
};

/**
 * @param {"dark" | "light"} theme
 * @returns {Uint32Array} 256 opaque pixels, ready to be written through a Uint32Array over ImageData.
 */
export function colormap(theme) {
  const { lightness, chroma, hue } = RAMPS[theme];
  return Uint32Array.from({ length: 256 }, (_, value) => {
    const t = value / 255;
    const l = lightness[0] + (lightness[1] - lightness[0]) * t;
    const c = 0.012 + chroma * Math.sin(Math.PI * Math.min(1, t * 0.92 + 0.02));
    const [red, green, blue] = oklchToRgb(l, c, hue[0] + (hue[1] - hue[0]) * t);
    return (255 << 24) | (blue << 16) | (green << 8) | red;
  });
}

/**
 * @param {number} l Lightness, 0 to 1.
 * @param {number} c Chroma; lowered until the colour fits sRGB, which keeps lightness and hue.
 * @param {number} hue Degrees.
 * @returns {[number, number, number]} 0 to 255.
 */
export function oklchToRgb(l, c, hue) {
  let rgb = oklchToLinear(l, c, hue);
  for (let chroma = c; chroma > 0 && rgb.some((x) => x < -1e-4 || x > 1.0001); chroma -= 0.004) {
    rgb = oklchToLinear(l, Math.max(0, chroma), hue);
  }
  const [red, green, blue] = rgb.map((x) => Math.round(255 * encodeSrgb(Math.max(0, Math.min(1, x)))));
  return [red, green, blue];
}

/**
 * @param {number} l
 * @param {number} c
 * @param {number} hue Degrees.
 * @returns {[number, number, number]} Linear sRGB, outside [0, 1] where the colour does not fit.
 */
function oklchToLinear(l, c, hue) {
  const a = c * Math.cos((hue * Math.PI) / 180);
  const b = c * Math.sin((hue * Math.PI) / 180);
  const long = (l + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const medium = (l - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const short = (l - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
    -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
    -0.0041960863 * long - 0.7034186147 * medium + 1.707614701 * short,
  ];
}

/**
 * @param {number} x Linear, 0 to 1.
 * @returns {number}
 */
function encodeSrgb(x) {
  return x <= 0.0031308 ? 12.92 * x : 1.055 * x ** (1 / 2.4) - 0.055;
}
