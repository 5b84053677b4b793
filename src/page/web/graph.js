// Small graphs of the last five minutes, one sample a second.

import {element, write} from "./base.js";

const samples = 300;
const space = "http://www.w3.org/2000/svg";

function shape(tag, attributes) {
  const made = document.createElementNS(space, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

export class Graph {
  #values = [];
  #format;
  #name;
  #value = element("span", {class: "value"}, "–");
  #area = shape("path", {class: "area"});
  #line = shape("path", {class: "line"});
  #svg = shape("svg", {viewBox: `0 0 ${samples - 1} 100`, preserveAspectRatio: "none", role: "img"});

  // `format`: a value as text.
  constructor(name, format) {
    this.#name = name;
    this.#format = format;
    this.#svg.append(this.#area, this.#line);
    this.#svg.setAttribute("aria-label", name);
    this.element = element("div", {class: "graph"}, this.#value, element("span", {class: "name"}, name), this.#svg);
  }

  // `value`: null if there is none for this second.
  add(value) {
    this.#values.push(value);
    if (this.#values.length > samples) this.#values.shift();
    write(this.#value, value === null ? "–" : this.#format(value));
    const known = this.#values.filter(sample => sample !== null);
    const highest = Math.max(...known, 0);
    const scale = highest > 0 ? 92 / highest : 0;
    const first = samples - this.#values.length;
    const lines = [];
    let run = [];
    this.#values.forEach((sample, index) => {
      if (sample === null) {
        if (run.length) lines.push(run);
        run = [];
      } else {
        run.push([first + index, 100 - sample * scale]);
      }
    });
    if (run.length) lines.push(run);
    const path = points => "M" + points.map(([x, y]) => `${x} ${y.toFixed(1)}`).join("L");
    this.#line.setAttribute("d", lines.map(path).join(""));
    this.#area.setAttribute("d", lines.map(points => `${path(points)}L${points.at(-1)[0]} 100L${points[0][0]} 100Z`).join(""));
  }

  // The lowest and the highest value as words, for those who do not see the line.
  describe(words) {
    const known = this.#values.filter(sample => sample !== null);
    if (known.length) this.#svg.setAttribute("aria-label", words(this.#name, this.#format(Math.min(...known)), this.#format(Math.max(...known))));
  }
}
