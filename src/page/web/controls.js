// The controls of a camera, for administrators. Each change takes effect at once.

import {address, announce, button, copyField, element, folder, write} from "./base.js";
import {readJson} from "./server.js";
import {text} from "./texts.js";

const settleMs = 150; // a slider sends a value at most so often

class Changes {
  #url;
  #waiting = {};
  #timer;
  #sending = false;
  #failure;
  #onchanged;

  // `failure`: the element that says why a change was refused. `onchanged` is called with the server's answer.
  constructor(url, failure, onchanged) {
    this.#url = url;
    this.#failure = failure;
    this.#onchanged = onchanged;
  }

  // null: the value of the configuration, or else the camera's default.
  set(values) {
    Object.assign(this.#waiting, values);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#send(), settleMs);
  }

  // One request at a time; changes that are made meanwhile go together with the next one.
  async #send() {
    if (this.#sending || !Object.keys(this.#waiting).length) return;
    this.#sending = true;
    const body = JSON.stringify(this.#waiting);
    this.#waiting = {};
    try {
      this.#onchanged(await readJson(this.#url, {method: "PUT", headers: {"Content-Type": "application/json"}, body, waitMs: 12000}));
      write(this.#failure, "");
    } catch (problem) {
      write(this.#failure, problem.message);
    }
    this.#sending = false;
    this.#send();
  }
}

// One control with its input. `set` is called with each value that is chosen.
class Control {
  #description;
  #inputs = [];
  #note = element("p", {class: "quiet"});
  #reset;

  constructor(description, set) {
    this.#description = description;
    const id = "control-" + description.name;
    this.#reset = button(text.resetOne(description.name), "hide", () => set({[description.name]: null}), true);
    this.#reset.replaceChildren(text.reset);
    this.element = element("div", {class: "control"}, element("label", {for: id}, description.name), this.#reset,
      element("div", {class: "input"}, ...this.#makeInputs(id, value => set({[description.name]: value}))), this.#note);
    this.show(description.value ?? description.current ?? description.default, description.changed);
  }

  get name() { return this.#description.name; }

  #makeInputs(id, set) {
    const {type, count, min, max, step, choices, read_only: readOnly} = this.#description;
    const disabled = readOnly;
    const single = count === 1;
    if (type === "boolean" && single) {
      this.#inputs = [element("input", {type: "checkbox", role: "switch", id, disabled, onchange: event => set(event.target.checked)})];
    } else if (type === "enumeration" && single) {
      this.#inputs = [element("select", {id, disabled, onchange: event => set(event.target.value)},
        ...choices.map(choice => element("option", {value: choice}, choice)))];
    } else if ((type === "integer" || type === "number") && single) {
      const grain = step ?? (type === "integer" ? 1 : "any");
      const listen = event => {
        const value = Number(event.target.value);
        if (event.target.value === "" || !event.target.checkValidity()) return;
        for (const input of this.#inputs) if (input !== event.target) input.value = value;
        set(value);
      };
      const number = element("input", {type: "number", id, min, max, step: grain, disabled, onchange: listen});
      this.#inputs = [number];
      if (min !== null && max !== null && max > min) {
        const fine = type === "number" && !step ? (max - min) / 200 : grain;
        this.#inputs.unshift(element("input", {type: "range", "aria-label": this.name, min, max, step: fine, disabled, oninput: listen}));
      }
    } else {
      // Several values, a size or a rectangle: as JSON, which is what the configuration's values look like.
      this.#inputs = [element("input", {type: "text", id, disabled, onchange: event => {
        try {
          set(JSON.parse(event.target.value));
          event.target.setCustomValidity("");
        } catch {
          event.target.setCustomValidity(text.notAValue);
        }
        event.target.reportValidity();
      }})];
    }
    return this.#inputs;
  }

  // `value`: null if it is not known.
  show(value, changed) {
    for (const input of this.#inputs) {
      if (input === document.activeElement && input.type !== "checkbox") continue;
      if (input.type === "checkbox") input.checked = value === true;
      else if (input.type === "text") input.value = value === null || value === undefined ? "" : JSON.stringify(value);
      else if (value !== null && value !== undefined) input.value = value;
    }
    this.#reset.hidden = !changed;
    write(this.#note, text.controlNote(this.#description));
  }
}

// Makes the part of the page for the camera of the stream `name`.
export async function controls(name) {
  const url = address(folder(name) + "controls");
  const camera = await readJson(url);
  const failure = element("p", {class: "failure", role: "alert"});
  const kept = element("div", {class: "uses"});
  const changes = new Changes(url, failure, answer => {
    for (const control of made) {
      const description = described.get(control.name);
      control.show(answer.set[control.name] ?? description.default, control.name in answer.changed);
    }
    offerLine(kept, answer);
    if (!answer.applied) announce(text.appliesLater);
  });
  const described = new Map(camera.controls.map(control => [control.name, control]));
  const made = camera.controls.map(control => new Control(control, values => changes.set(values)));
  const resetAll = element("button", {type: "button",
    onclick: () => changes.set(Object.fromEntries(made.map(control => [control.name, null])))}, text.resetAll);
  return element("div", {}, element("p", {class: "quiet"}, camera.model ?? camera.camera), failure,
    ...made.map(control => control.element), element("div", {class: "bar"}, resetAll), kept);
}

// Changes last until ringcast ends; this line keeps them.
function offerLine(kept, {section, line, changed}) {
  kept.replaceChildren(...(Object.keys(changed).length
    ? [element("p", {class: "quiet"}, text.keepChanges(section)), copyField(text.configurationLine, line)]
    : []));
}
