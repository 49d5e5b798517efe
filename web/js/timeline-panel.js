// What was heard and when: a ribbon of probabilities, the labels over it, and the same as a list to read.

import { byId, create, darkTheme, fitCanvas, setText } from "./dom.js";
import { clockTime } from "./format.js";
import { DEFAULT_LABELS, labelHue, labelName } from "./genres.js";
import { History } from "./history.js";
import { labelFill, paintRibbon } from "./ribbon.js";

/** @typedef {import("./panel.js").Panel} Panel */

const MIN_SPAN_S = 30;
const MAX_SPAN_S = 300;
const LISTED = 12;

/** @typedef {import("./history.js").Segment} Segment */

/**
 * @implements {Panel}
 */
export class TimelinePanel {
  #ribbon = byId("timeline-ribbon", HTMLCanvasElement);
  #track = byId("timeline-track", HTMLElement);
  #axis = byId("timeline-axis", HTMLElement);
  #list = byId("timeline-list", HTMLElement);
  #empty = byId("timeline-empty", HTMLElement);
  #history = new History();
  #listedKey = "";

  constructor() {
    darkTheme.addEventListener("change", () => this.#draw());
    new ResizeObserver(() => this.#draw()).observe(this.#ribbon);
  }

  onStart() {
    this.#history.clear();
    this.#draw();
  }

  /**
   * @param {import("./protocol.js").ServerMessage} message
   * @param {number} offsetS
   */
  onMessage(message, offsetS) {
    if (message.type !== "genre") return;
    const p = new Map(message.top.map((entry) => [entry.label, message.music ? entry.p : 0]));
    this.#history.append({ timeS: offsetS + message.time_s, label: message.label, music: message.music, p });
    this.#draw();
  }

  #draw() {
    const { endS } = this.#history;
    const spanS = Math.min(MAX_SPAN_S, Math.max(MIN_SPAN_S, endS));
    const startS = Math.max(0, endS - spanS);
    this.#drawRibbon(startS, spanS);
    this.#drawTrack(startS, spanS);
    this.#drawAxis(startS, spanS);
    this.#drawList();
  }

  /**
   * @param {number} startS
   * @param {number} spanS
   */
  #drawRibbon(startS, spanS) {
    fitCanvas(this.#ribbon);
    const { width, height } = this.#ribbon;
    const view = this.#ribbon.getContext("2d");
    if (!view) return;
    view.clearRect(0, 0, width, height);
    const points = this.#history.points.filter((point) => point.timeS >= startS - 1);
    if (points.length < 2) return;
    const x = Float32Array.from(points, (point) => ((point.timeS - startS) / spanS) * width);
    const layers = labelsOf(points).map((label) => ({
      label,
      p: Float32Array.from(points, (point) => point.p.get(label) ?? 0),
    }));
    paintRibbon(view, x, layers, height, labelFill(darkTheme.matches));
  }

  /**
   * @param {number} startS
   * @param {number} spanS
   */
  #drawTrack(startS, spanS) {
    const visible = this.#history.segments.filter((segment) => segment.endS > startS);
    this.#track.replaceChildren(
      ...visible.map((segment) => {
        const fromS = Math.max(startS, segment.startS);
        const piece = create("span", {
          class: `segment segment--${kindOf(segment)}`,
          "data-label": segment.label ?? "",
        });
        if (segment.label) {
          piece.style.setProperty("--hue", String(labelHue(segment.label)));
          piece.append(create("span", {}, labelName(segment.label)));
        }
        piece.style.setProperty("--from", ((fromS - startS) / spanS).toFixed(5));
        piece.style.setProperty("--length", ((segment.endS - fromS) / spanS).toFixed(5));
        return piece;
      }),
    );
  }

  /**
   * @param {number} startS
   * @param {number} spanS
   */
  #drawAxis(startS, spanS) {
    const stepS = spanS <= 30 ? 5 : spanS <= 60 ? 10 : spanS <= 150 ? 30 : 60;
    const marks = [];
    for (let timeS = Math.ceil(startS / stepS) * stepS; timeS <= startS + spanS; timeS += stepS) {
      const mark = create("span", {}, clockTime(timeS));
      mark.style.setProperty("--from", ((timeS - startS) / spanS).toFixed(5));
      marks.push(mark);
    }
    this.#axis.replaceChildren(...marks);
  }

  /** Rewritten only when a segment begins: it can be read while the stream goes on. */
  #drawList() {
    const named = this.#history.segments.filter((segment) => segment.label !== null);
    const newest = named.slice(-LISTED).reverse();
    const key = newest.map((segment) => `${segment.startS} ${segment.label}`).join();
    this.#empty.hidden = named.length > 0;
    if (key !== this.#listedKey) this.#list.replaceChildren(...newest.map(listItem));
    this.#listedKey = key;
    const [current] = newest;
    const first = this.#list.querySelector(".heard__time");
    if (current && first) setText(first, timeRange(current));
  }
}

/**
 * @param {Segment} segment
 * @returns {HTMLElement}
 */
function listItem(segment) {
  const label = /** @type {string} */ (segment.label);
  const item = create(
    "li",
    { class: "heard", "data-label": label },
    create("span", { class: "heard__name" }, labelName(label)),
    create("span", { class: "heard__time" }, timeRange(segment)),
  );
  item.style.setProperty("--hue", String(labelHue(label)));
  return item;
}

/** @param {Segment} segment */
function timeRange({ startS, endS }) {
  return `${clockTime(startS)} – ${clockTime(endS)}`;
}

/**
 * @param {Segment} segment
 * @returns {"label" | "unsure" | "none"}
 */
function kindOf(segment) {
  if (segment.label) return "label";
  return segment.music ? "unsure" : "none";
}

/**
 * @param {import("./history.js").Point[]} points
 * @returns {string[]} The usual labels in their usual order, then any others.
 */
function labelsOf(points) {
  const seen = new Set(points.flatMap((point) => [...point.p.keys()]));
  return [...DEFAULT_LABELS.filter((label) => seen.delete(label)), ...seen];
}
