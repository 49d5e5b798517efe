// The plugins that listen, and their parameters.

import { byId, create } from "./dom.js";
import { buildControls } from "./schema-form.js";

/** @typedef {import("./panel.js").Panel} Panel */

/** @typedef {import("./protocol.js").PluginConfig} PluginConfig */
/** @typedef {import("./schema-form.js").Control} Control */

/**
 * @typedef {object} PluginInfo One entry of `/v1/plugins`.
 * @property {string} name
 * @property {string} version
 * @property {"analyzer" | "processor"} kind
 * @property {string} description
 * @property {import("./schema-form.js").ParamsSchema} params_schema
 */

/** @typedef {{ enabled: HTMLInputElement, controls: Map<string, Control>, touched: Set<string> }} PluginForm */

const SETTLE_MS = 120; // a slider that is dragged sends its resting places only

/**
 * Shows analyzers: this page does not play processed audio back, so a processor would change nothing that is heard.
 *
 * @implements {Panel}
 */
export class PluginsPanel {
  #root = byId("plugins", HTMLElement);
  /** @type {Map<string, PluginForm>} */
  #forms = new Map();
  #onChange;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {() => void} onChange The settings differ from what was last asked for. */
  constructor(onChange) {
    this.#onChange = onChange;
  }

  /** @param {PluginInfo[]} plugins */
  setPlugins(plugins) {
    this.#forms.clear();
    const analyzers = plugins.filter((plugin) => plugin.kind === "analyzer");
    this.#root.replaceChildren(...analyzers.map((plugin) => this.#fieldset(plugin)));
  }

  /**
   * @returns {PluginConfig[]} What to ask the server for. Parameters that nobody touched are left to its defaults.
   *   Until the list of plugins has come, that is the genre tagger.
   */
  configs() {
    if (this.#forms.size === 0) return [{ name: "genre", params: {} }];
    return [...this.#forms]
      .filter(([, form]) => form.enabled.checked)
      .map(([name, { controls, touched }]) => ({
        name,
        params: Object.fromEntries([...touched].map((param) => [param, controls.get(param)?.value()])),
      }));
  }

  /** @param {import("./protocol.js").ServerMessage} message */
  onMessage(message) {
    if (message.type === "session.updated") this.#eachControl((_, control) => control.setError(""));
    if (message.type !== "error" || message.code !== "bad_param" || !message.param) return;
    const parts = message.param.split(".");
    this.#eachControl((param, control) => {
      if (parts.includes(param)) control.setError(message.message);
    });
  }

  /** @param {(param: string, control: Control) => void} visit */
  #eachControl(visit) {
    for (const { controls } of this.#forms.values()) controls.forEach((control, param) => visit(param, control));
  }

  /**
   * @param {PluginInfo} plugin
   * @returns {HTMLElement}
   */
  #fieldset(plugin) {
    /** @type {Set<string>} */
    const touched = new Set();
    const id = `plugin-${plugin.name}`;
    const controls = buildControls(plugin.params_schema, id, () => this.#changed());
    controls.forEach((control, param) => control.element.addEventListener("input", () => touched.add(param)));
    const enabled = create("input", { type: "checkbox", role: "switch", id, checked: true });
    enabled.addEventListener("change", () => this.#changed());
    this.#forms.set(plugin.name, { enabled, controls, touched });

    const reset = create("button", { type: "button", class: "button button--quiet" }, "Reset to defaults");
    reset.addEventListener("click", () => {
      touched.clear();
      controls.forEach((control) => control.reset());
      this.#changed();
    });
    const title = create(
      "legend",
      { class: "plugin__title" },
      create("label", { for: id }, enabled, plugin.name),
      create("small", {}, plugin.version),
    );
    const grid = create("div", { class: "plugin__controls" }, ...[...controls.values()].map(({ element }) => element));
    return create(
      "fieldset",
      { class: "plugin" },
      title,
      create("p", { class: "plugin__about" }, plugin.description),
      grid,
      reset,
    );
  }

  #changed() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#onChange, SETTLE_MS);
  }
}
