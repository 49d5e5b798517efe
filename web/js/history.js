// What was heard and when: the model behind the timeline. Pure and bounded.

/** @typedef {{ timeS: number, label: string | null, music: boolean, p: Map<string, number> }} Point */
/** @typedef {{ startS: number, endS: number, label: string | null, music: boolean }} Segment */

const MAX_POINTS = 4000;
const MAX_SEGMENTS = 400;

/**
 * Points for the ribbon, segments for the labels, oldest first.
 * Invariant: neighbouring segments differ, and each begins where the one before it ends.
 */
export class History {
  /** @type {Point[]} */
  points = [];
  /** @type {Segment[]} */
  segments = [];

  /** Stream time at the end of what was heard, in seconds. */
  get endS() {
    return this.points.at(-1)?.timeS ?? 0;
  }

  clear() {
    this.points = [];
    this.segments = [];
  }

  /**
   * @param {Point} point Later than every point before it; one that is not is left out.
   */
  append(point) {
    const startS = this.endS;
    if (this.points.length && point.timeS <= startS) return;
    this.points.push(point);
    const last = this.segments.at(-1);
    if (last && last.label === point.label && last.music === point.music) last.endS = point.timeS;
    else this.segments.push({ startS, endS: point.timeS, label: point.label, music: point.music });
    // A tenth at a time, so that trimming costs nothing on average.
    if (this.points.length > MAX_POINTS) this.points.splice(0, MAX_POINTS / 10);
    if (this.segments.length > MAX_SEGMENTS) this.segments.splice(0, MAX_SEGMENTS / 10);
  }
}
