// The audio thread: turns the context's blocks of 128 samples into 20 ms frames of 16-bit PCM.
// Invariant: process() allocates nothing and logs nothing. Buffers go to the page and come back through the port;
// when none is left (the page's thread is busy) samples are left out and counted.

const POOL_FRAMES = 50; // a second of audio

class CaptureProcessor extends AudioWorkletProcessor {
  constructor() {
    super();
    this.frameSamples = Math.round(sampleRate * 0.02);
    /** @type {(Int16Array | null)[]} */
    this.pool = Array.from({ length: POOL_FRAMES }, () => new Int16Array(this.frameSamples));
    this.pooled = POOL_FRAMES;
    /** @type {Int16Array | null} */
    this.frame = null;
    this.filled = 0;
    this.droppedSamples = 0;
    this.ended = false;
    /** @type {ArrayBuffer[]} */
    this.transfer = [new ArrayBuffer(0)];
    this.port.onmessage = ({ data }) => this.receive(data);
  }

  /**
   * @param {ArrayBuffer | "flush"} message A buffer that comes back, or the wish for the rest of the last frame.
   */
  receive(message) {
    if (message === "flush") {
      this.ended = true;
      const rest = this.frame?.slice(0, this.filled).buffer ?? new ArrayBuffer(0);
      this.port.postMessage({ rest, droppedSamples: this.droppedSamples });
      this.frame = null;
      return;
    }
    if (this.droppedSamples > 0) {
      this.port.postMessage({ rest: null, droppedSamples: this.droppedSamples });
      this.droppedSamples = 0;
    }
    this.pool[this.pooled] = new Int16Array(message);
    this.pooled += 1;
  }

  /**
   * @param {Float32Array[][]} inputs
   * @returns {boolean} Whether the node has more to do.
   */
  process(inputs) {
    const samples = inputs[0][0];
    if (this.ended) return false;
    if (samples === undefined) return true;
    for (let i = 0; i < samples.length; i += 1) this.push(samples[i]);
    return true;
  }

  /** @param {number} sample */
  push(sample) {
    if (this.frame === null && !this.takeFrame()) {
      this.droppedSamples += 1;
      return;
    }
    const frame = /** @type {Int16Array} */ (this.frame);
    const clipped = sample > 1 ? 1 : sample < -1 ? -1 : sample;
    frame[this.filled] = Math.round(clipped * 32767);
    this.filled += 1;
    if (this.filled === this.frameSamples) this.emit(frame);
  }

  /** @returns {boolean} Whether there was a buffer to write into. */
  takeFrame() {
    if (this.pooled === 0) return false;
    this.pooled -= 1;
    this.frame = this.pool[this.pooled];
    this.pool[this.pooled] = null;
    this.filled = 0;
    return true;
  }

  /** @param {Int16Array} frame */
  emit(frame) {
    this.transfer[0] = /** @type {ArrayBuffer} */ (frame.buffer);
    this.port.postMessage(this.transfer[0], this.transfer);
    this.frame = null;
  }
}

registerProcessor("tectum-capture", CaptureProcessor);
