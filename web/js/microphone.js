// The microphone as a source.

/** @typedef {import("./source.js").Source} Source */

/**
 * @implements {Source}
 */
export class Microphone {
  /** @type {"microphone"} */
  kind = "microphone";
  title = "Microphone";
  /** @type {((error: Error | null) => void) | null} */
  onEnded = null;
  setMuted = null;
  /** @type {MediaStream | null} */
  #media = null;
  #closed = false;

  /**
   * @param {AudioContext} context
   * @returns {Promise<AudioNode>}
   * @throws {DOMException} As `getUserMedia` does: NotAllowedError, NotFoundError, NotReadableError ...
   */
  async open(context) {
    if (!navigator.mediaDevices?.getUserMedia) {
      throw new DOMException("microphones need https or localhost", "SecurityError");
    }
    // Off, because they are made for speech: they gate, duck and level the music away.
    const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    const media = await navigator.mediaDevices.getUserMedia({ audio, video: false });
    if (this.#closed) stopTracks(media); // stopped while the browser was asking
    this.#media = media;
    const [track] = media.getAudioTracks();
    if (track.label) this.title = track.label;
    track.addEventListener("ended", () => {
      this.onEnded?.(new DOMException("the microphone went away", "NotReadableError"));
    });
    return context.createMediaStreamSource(media);
  }

  async start() {}

  close() {
    this.#closed = true;
    if (this.#media) stopTracks(this.#media);
    this.#media = null;
  }

  position() {
    return null;
  }
}

/** @param {MediaStream} media */
function stopTracks(media) {
  for (const track of media.getTracks()) track.stop();
}
