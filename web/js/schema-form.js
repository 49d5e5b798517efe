// Form controls made from the JSON schema of a plugin's parameters.

import { create } from "./dom.js";

/**
 * @typedef {object} ParamSchema
 * @property {string} [type]
 * @property {string} [title]
 * @property {string} [description]
 * @property {unknown} [default]
 * @property {number} [minimum]
 * @property {number} [maximum]
 * @property {number} [exclusiveMinimum]
 * @property {number} [exclusiveMaximum]
 * @property {number} [multipleOf]
 * @property {unknown[]} [enum]
 * @property {string} [unit]
 * @property {string} [$ref]
 * @property {ParamSchema[]} [anyOf]
 * @property {ParamSchema[]} [allOf]
 */

/** @typedef {{ properties?: Record<string, ParamSchema>, $defs?: Record<string, ParamSchema> }} ParamsSchema */

/**
 * @typedef {object} Control
 * @property {HTMLElement} element The label, the field and what it says.
 * @property {() => unknown} value
 * @property {() => void} reset To the default.
 * @property {(message: string) => void} setError Empty for none.
 */

/**
 * @param {ParamsSchema} schema As `/v1/plugins` gives it.
 * @param {string} idPrefix Makes ids unique on the page.
 * @param {() => void} onChange
 * @returns {Map<string, Control>} By parameter name. A parameter of a kind that no control fits is left at its default.
 */
export function buildControls(schema, idPrefix, onChange) {
  /** @type {Map<string, Control>} */
  const controls = new Map();
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const resolved = resolve(property, schema.$defs ?? {});
    const control = buildControl(name, resolved, `${idPrefix}-${name}`, onChange);
    if (control) controls.set(name, control);
  }
  return controls;
}

/**
 * Follows `$ref` and looks inside `allOf` and an `anyOf` with null, the forms pydantic writes.
 *
 * @param {ParamSchema} property
 * @param {Record<string, ParamSchema>} defs
 * @returns {ParamSchema}
 */
function resolve(property, defs) {
  const inner = property.$ref
    ? defs[property.$ref.replace("#/$defs/", "")]
    : (property.allOf?.[0] ?? property.anyOf?.find((option) => option.type !== "null"));
  return inner ? { ...resolve(inner, defs), ...property } : property;
}

/**
 * @param {string} name
 * @param {ParamSchema} schema
 * @param {string} id
 * @param {() => void} onChange
 * @returns {Control | null}
 */
function buildControl(name, schema, id, onChange) {
  const field = buildField(schema, id);
  if (!field) return null;
  const error = create("span", { class: "control__error", id: `${id}-error`, role: "alert" });
  const help = create("span", { class: "control__help", id: `${id}-help` }, schema.description ?? "");
  const output = create("output", { class: "control__value", for: id });
  const label = create("label", { class: "control__label", for: id }, schema.title ?? name);
  field.input.setAttribute("aria-describedby", `${id}-help ${id}-error`);
  const show = () => {
    output.textContent = field.text().replace(/^-/, "\u2212");
    showFill(field.input);
  };
  field.input.addEventListener("input", () => {
    show();
    onChange();
  });
  show();
  const element = create(
    "div",
    { class: `control control--${field.kind}`, "data-param": name },
    label,
    output,
    field.input,
    help,
    error,
  );
  return {
    element,
    value: field.value,
    reset: () => {
      field.set(schema.default);
      show();
    },
    setError: (message) => (error.textContent = message),
  };
}

/**
 * @typedef {object} Field
 * @property {string} kind
 * @property {HTMLInputElement | HTMLSelectElement} input
 * @property {() => unknown} value
 * @property {(value: unknown) => void} set
 * @property {() => string} text What stands beside it.
 */

/**
 * @param {ParamSchema} schema
 * @param {string} id
 * @returns {Field | null}
 */
function buildField(schema, id) {
  if (schema.enum) return choiceField(schema, id, schema.enum);
  if (schema.type === "boolean") return switchField(schema, id);
  if (schema.type === "number" || schema.type === "integer") return numberField(schema, id);
  if (schema.type === "string") return textField(schema, id);
  return null;
}

/**
 * A slider where both ends are known, else a number.
 *
 * @param {ParamSchema} schema
 * @param {string} id
 * @returns {Field}
 */
function numberField(schema, id) {
  const min = schema.minimum ?? schema.exclusiveMinimum;
  const max = schema.maximum ?? schema.exclusiveMaximum;
  const bounded = min !== undefined && max !== undefined;
  const step = schema.multipleOf ?? (schema.type === "integer" ? 1 : bounded ? niceStep(max - min) : "any");
  const input = create("input", {
    id,
    type: bounded ? "range" : "number",
    step,
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
  });
  // A slider without a value rests in its middle.
  const set = (/** @type {unknown} */ value) => (input.value = String(value ?? ""));
  set(schema.default);
  const unit = schema.unit ? ` ${schema.unit}` : "";
  const value = () => (input.value === "" ? null : Number(input.value));
  return { kind: bounded ? "range" : "number", input, value, set, text: () => (bounded ? input.value + unit : unit) };
}

/**
 * A slider's filled part, which CSS alone cannot know.
 *
 * @param {HTMLInputElement | HTMLSelectElement} input
 */
function showFill(input) {
  if (!(input instanceof HTMLInputElement) || input.type !== "range") return;
  const [min, max] = [Number(input.min), Number(input.max)];
  input.style.setProperty("--fill", ((Number(input.value) - min) / (max - min)).toFixed(4));
}

/**
 * @param {number} span
 * @returns {number} A power of ten that cuts the span into 100 to 1,000 steps.
 */
function niceStep(span) {
  return 10 ** Math.floor(Math.log10(span / 100));
}

/**
 * @param {ParamSchema} schema
 * @param {string} id
 * @returns {Field}
 */
function switchField(schema, id) {
  const input = create("input", { id, type: "checkbox", role: "switch" });
  const set = (/** @type {unknown} */ value) => (input.checked = value === true);
  set(schema.default);
  return { kind: "switch", input, value: () => input.checked, set, text: () => (input.checked ? "on" : "off") };
}

/**
 * @param {ParamSchema} schema
 * @param {string} id
 * @param {unknown[]} options
 * @returns {Field}
 */
function choiceField(schema, id, options) {
  const input = create(
    "select",
    { id },
    ...options.map((option, index) => create("option", { value: index }, String(option))),
  );
  const set = (/** @type {unknown} */ value) => (input.selectedIndex = Math.max(0, options.indexOf(value)));
  set(schema.default);
  return { kind: "choice", input, value: () => options[input.selectedIndex], set, text: () => "" };
}

/**
 * @param {ParamSchema} schema
 * @param {string} id
 * @returns {Field}
 */
function textField(schema, id) {
  const input = create("input", { id, type: "text" });
  const set = (/** @type {unknown} */ value) => (input.value = String(value ?? ""));
  set(schema.default);
  return { kind: "text", input, value: () => input.value, set, text: () => "" };
}
