// What a person must know or do: one notice for each thing that is wrong, gone when it is right again.

import { byId, create } from "./dom.js";

/** @typedef {import("./failures.js").Failure} Failure */

export class Notices {
  #region = byId("notices", HTMLElement);
  /** @type {Map<string, { element: HTMLElement, key: string }>} */
  #shown = new Map();

  /**
   * @param {Failure} failure Replaces a notice with the same id; an identical one is not spoken again.
   * @param {object} [options]
   * @param {(token: string) => void} [options.onToken] Offers a field for an access token.
   * @param {() => void} [options.onPlay] Offers a button to begin.
   */
  show(failure, { onToken, onPlay } = {}) {
    const key = `${failure.title}\n${failure.detail}`;
    const known = this.#shown.get(failure.id);
    if (known?.key === key) return;
    const element = create(
      "div",
      { class: "notice", "data-id": failure.id },
      create("div", { class: "notice__text" }, create("strong", {}, failure.title), create("p", {}, failure.detail)),
    );
    if (failure.needs === "token" && onToken) element.append(tokenForm(onToken));
    if (failure.needs === "play" && onPlay) element.append(button("Play", "button button--primary", onPlay));
    element.append(button("Dismiss", "button button--quiet", () => this.clear(failure.id)));
    if (known) known.element.replaceWith(element);
    else this.#region.append(element);
    this.#shown.set(failure.id, { element, key });
  }

  /** @param {string} id */
  clear(id) {
    this.#shown.get(id)?.element.remove();
    this.#shown.delete(id);
  }

  clearAll() {
    for (const id of [...this.#shown.keys()]) this.clear(id);
  }
}

/**
 * @param {string} text
 * @param {string} className
 * @param {() => void} onClick
 */
function button(text, className, onClick) {
  const element = create("button", { type: "button", class: className }, text);
  element.addEventListener("click", onClick);
  return element;
}

/** @param {(token: string) => void} onToken */
function tokenForm(onToken) {
  const input = create("input", { type: "password", autocomplete: "current-password", required: true, class: "field" });
  const label = create("label", { class: "notice__token" }, "Access token", input);
  const form = create(
    "form",
    {},
    label,
    create("button", { type: "submit", class: "button button--primary" }, "Continue"),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    onToken(input.value.trim());
  });
  return form;
}
