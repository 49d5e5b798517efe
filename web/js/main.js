// The page: puts panels, sources and streams together. At most one stream runs at a time.

import { byId } from "./dom.js";
import { FileSource } from "./file-source.js";
import { GenreBarsPanel } from "./genre-bars-panel.js";
import { Invitation } from "./invitation.js";
import { MeterPanel } from "./meter-panel.js";
import { Microphone } from "./microphone.js";
import { Notices } from "./notices.js";
import { NowPanel } from "./now-panel.js";
import { PluginsPanel } from "./plugins-panel.js";
import { eventFailure } from "./failures.js";
import { isTokenSendable } from "./protocol.js";
import { SERVER, accessToken, fetchPlugins, keepAccessToken } from "./server.js";
import { SourcePanel } from "./source-panel.js";
import { SpectrogramPanel } from "./spectrogram-panel.js";
import { StatusPanel } from "./status-panel.js";
import { Stream } from "./stream.js";
import { TimelinePanel } from "./timeline-panel.js";

/** @typedef {import("./failures.js").Failure} Failure */
/** @typedef {import("./source.js").Source} Source */

/** @type {Stream | null} */
let stream = null;
/** @type {Promise<void>} Resolves when the stream before has ended. */
let idle = Promise.resolve();
/** Counts what was asked for: while one stream is still ending, only the last wish is carried out. */
let wishes = 0;

const notices = new Notices();
const plugins = new PluginsPanel(() => stream?.updatePlugins());
const status = new StatusPanel(() => stream?.droppedS ?? 0);
const sourcePanel = new SourcePanel({
  onMicrophone: () => void listen(() => new Microphone()),
  onFile: (file) => void listen(() => new FileSource(file, sourcePanel.muted)),
  onStop: () => {
    wishes += 1;
    void stop();
  },
  onMute: (muted) => stream?.source.setMuted?.(muted),
});

/** @type {import("./panel.js").Panel[]} */
const panels = [
  new NowPanel(),
  new GenreBarsPanel(),
  new MeterPanel(),
  new SpectrogramPanel(),
  new TimelinePanel(),
  plugins,
  status,
];

/**
 * Listens to a new source; what runs is stopped first.
 *
 * @param {() => Source} createSource Again for each attempt: a source is opened once.
 */
async function listen(createSource) {
  const wish = ++wishes;
  await stop();
  if (wish !== wishes) return;
  notices.clearAll();
  const source = createSource();
  const current = new Stream({
    source,
    server: SERVER,
    token: accessToken(),
    plugins: () => plugins.configs(),
    handlers: {
      onStart: (sampleRate) => panels.forEach((panel) => panel.onStart?.(sampleRate)),
      onFrame: (frame) => panels.forEach((panel) => panel.onFrame?.(frame)),
      onMessage: (message, offsetS) => {
        if (message.type === "error") notices.show(eventFailure(message));
        if (message.type === "session.updated") notices.clear("event:bad_param");
        panels.forEach((panel) => panel.onMessage?.(message, offsetS));
      },
      onConnection: (state) => {
        panels.forEach((panel) => panel.onConnection?.(state));
        if (state.name === "waiting") notices.show(state.failure);
        if (state.name === "live") notices.clear("connection");
      },
      onRoundTrip: (ms) => status.onRoundTrip(ms),
      onEnded: (failure) => ended(current, failure, createSource),
    },
  });
  stream = current;
  status.clear();
  sourcePanel.begin(source);
  requestAnimationFrame(paint);
  await current.start();
}

/** @returns {Promise<void>} Resolves when nothing runs. */
async function stop() {
  if (stream) idle = stream.stop();
  await idle;
}

/**
 * @param {Stream} current
 * @param {Failure | null} failure
 * @param {() => Source} createSource
 */
function ended(current, failure, createSource) {
  if (stream !== current) return;
  stream = null;
  panels.forEach((panel) => panel.onEnd?.());
  sourcePanel.end(current.timeS);
  status.onIdle(failure?.id === "connection" ? "failed" : "ended");
  notices.clear("connection");
  if (failure) notices.show(failure, { onToken: useToken, onPlay: () => void listen(createSource) });
}

function paint() {
  if (!stream) return;
  panels.forEach((panel) => panel.onPaint?.());
  sourcePanel.paint(stream.timeS);
  requestAnimationFrame(paint);
}

/** @param {string} token */
function useToken(token) {
  if (!isTokenSendable(token)) {
    notices.show({
      id: "token",
      title: "This is not a token",
      detail: "Expected letters, digits and - . _ ~ without spaces.",
    });
    return;
  }
  keepAccessToken(token);
  notices.clearAll();
  void loadPlugins();
}

async function loadPlugins() {
  status.onIdle("connecting");
  const found = await fetchPlugins((failure) => {
    status.onIdle(failure.needs ? "failed" : "connecting");
    notices.show(failure, { onToken: useToken });
  });
  if (found === null) return;
  notices.clear("connection");
  if (!stream) status.onIdle("ended");
  plugins.setPlugins(found);
}

new Invitation();
addEventListener("pagehide", () => stream?.source.close());
byId("page", HTMLElement).dataset.ready = "";
void loadPlugins();
