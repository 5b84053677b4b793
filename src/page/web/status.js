// The status for operators.

import {byteSize, duration, element, folder, frameRate, furnishHeader, address, decimals, stateMark, write} from "./base.js";
import {EventList} from "./events.js";
import {Server} from "./server.js";
import {text} from "./texts.js";

const main = document.querySelector("main");
const server = new Server(2000, {});

// A table that is sorted by a click on a column's head. `columns`: label, the value of a row to sort by, and
// what to show for it if that is not the value itself.
class Table {
  #columns;
  #keyOf;
  #rows = [];
  #heads;
  #body = element("tbody");
  #sorted = 0;
  #descending = false;

  constructor(caption, columns, keyOf) {
    this.#columns = columns;
    this.#keyOf = keyOf;
    this.#heads = columns.map(({label, number}, index) => element("th", {scope: "col", class: number ? "number" : null},
      element("button", {type: "button", onclick: () => this.#sortBy(index)}, label)));
    this.element = element("div", {class: "table", tabindex: 0, role: "region", "aria-label": caption},
      element("table", {}, element("caption", {class: "spoken"}, caption), element("thead", {}, element("tr", {}, ...this.#heads)), this.#body));
    this.#mark();
  }

  #sortBy(index) {
    this.#descending = index === this.#sorted ? !this.#descending : Boolean(this.#columns[index].number);
    this.#sorted = index;
    this.#mark();
    this.show(this.#rows);
  }

  #mark() {
    this.#heads.forEach((head, index) => {
      if (index === this.#sorted) head.setAttribute("aria-sort", this.#descending ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
  }

  show(rows) {
    this.#rows = rows;
    const {value} = this.#columns[this.#sorted];
    const order = [...rows].sort((a, b) => {
      const [first, second] = [value(a) ?? -1, value(b) ?? -1];
      return (first < second ? -1 : first > second ? 1 : 0) * (this.#descending ? -1 : 1);
    });
    const lines = new Map([...this.#body.children].map(line => [line.dataset.key, line]));
    const shown = order.map(row => {
      const key = String(this.#keyOf(row));
      const line = lines.get(key) ?? element("tr", {"data-key": key},
        ...this.#columns.map(({number, wide}) => element("td", {class: number ? "number" : wide ? "wide" : null})));
      this.#columns.forEach((column, index) => {
        const cell = line.children[index];
        const content = (column.show ?? column.value)(row) ?? "–";
        if (content instanceof Node) {
          if (cell.textContent !== content.textContent) cell.replaceChildren(content);
        } else {
          write(cell, String(content));
        }
      });
      return line;
    });
    // Only what has changed its place, so that selections stay.
    shown.forEach((line, index) => {
      if (this.#body.children[index] !== line) this.#body.insertBefore(line, this.#body.children[index] ?? null);
    });
    while (this.#body.children.length > shown.length) this.#body.lastChild.remove();
  }
}

const skipped = ({busy, memory, late}) => busy + memory + late;
const rateOf = fps => decimals(fps, 1);
const label = name => text.columns[name];

const streams = new Table(text.streams, [
  {label: label("name"), value: row => row.name, show: row => element("a", {href: address(folder(row.name))}, row.name)},
  {label: label("state"), value: row => row.state, show: row => stateMark(row.state)},
  {label: label("source"), value: row => row.source},
  {label: label("size"), value: row => row.width, show: row => row.width ? `${row.width} × ${row.height}` : "–", number: true},
  {label: label("fps"), value: row => row.fps, show: row => rateOf(row.fps), number: true},
  {label: label("frame"), value: row => row.frame_bytes_mean, show: row => byteSize(row.frame_bytes_mean), number: true},
  {label: label("age"), value: row => row.frame_age_seconds, show: row => duration(row.frame_age_seconds), number: true},
  {label: label("viewers"), value: row => row.viewers, number: true},
  {label: label("sent"), value: row => row.sent.bytes, show: row => byteSize(row.sent.bytes), number: true},
  {label: label("skipped"), value: row => skipped(row.sent.frames_skipped), number: true},
  {label: label("damaged"), value: row => row.source_counters.frames_damaged, number: true},
  {label: label("tier"), value: row => row.tier},
  {label: label("reason"), value: row => row.reason ?? row.tier_reason ?? "", show: row => row.reason ?? row.tier_reason ?? "", wide: true},
], row => row.name);

const viewers = new Table(text.viewers, [
  {label: label("address"), value: row => row.address},
  {label: label("stream"), value: row => row.stream},
  {label: label("rendition"), value: row => row.rendition},
  {label: label("proxy"), value: row => row.proxy ?? ""},
  {label: label("lane"), value: row => row.lane},
  {label: label("fps"), value: row => row.fps, show: row => rateOf(row.fps), number: true},
  {label: label("age"), value: row => row.delivered_age_seconds, show: row => duration(row.delivered_age_seconds), number: true},
  {label: label("sent"), value: row => row.bytes_sent, show: row => byteSize(row.bytes_sent), number: true},
  {label: label("skipped"), value: row => skipped(row.frames_skipped), number: true},
  {label: label("connected"), value: row => row.connected_seconds, show: row => duration(row.connected_seconds), number: true},
], row => row.id);

// --- the server in a few numbers ---

const cards = element("div", {class: "cards"});
const shownCards = new Map();

function showCards(status) {
  for (const [name, value] of text.cards(status, {duration, frameRate})) {
    if (!shownCards.has(name)) {
      const words = element("span", {class: "value"});
      shownCards.set(name, words);
      cards.append(element("div", {class: "card"}, words, element("span", {class: "name"}, name)));
    }
    write(shownCards.get(name), value);
  }
}

// --- counters, each with what it means ---

const counters = element("div", {class: "counters"});
const shownCounters = new Map();

function showCounters(status) {
  for (const [name, value] of Object.entries(status.server.counters)) {
    if (typeof value !== "number") continue;
    if (!shownCounters.has(name)) {
      const number = element("span");
      shownCounters.set(name, number);
      const id = "counter-" + name;
      const [words, meaning] = text.counters[name] ?? [name.replaceAll("_", " "), null];
      counters.append(element("div", {class: "counter"},
        meaning ? element("button", {type: "button", "aria-describedby": id}, words) : element("span", {}, words), number,
        meaning ? element("span", {role: "tooltip", id}, meaning) : null));
    }
    write(shownCounters.get(name), value.toLocaleString("en"));
  }
}

// --- findings ---

const findings = element("ul", {class: "findings"});
const noFindings = element("p", {class: "quiet"}, text.noFindings);

function showFindings(status) {
  const found = text.findings(status, {duration});
  if (found.join() !== [...findings.children].map(item => item.textContent).join()) {
    findings.replaceChildren(...found.map(words => element("li", {}, words)));
  }
  findings.hidden = found.length === 0;
  noFindings.hidden = found.length > 0;
}

const events = new EventList();
const viewerNote = element("p", {class: "quiet"});
const section = (title, ...content) => element("section", {class: "section"}, element("h2", {}, title), ...content);
main.append(cards, section(text.findingsTitle, findings, noFindings, element("p", {class: "quiet"}, text.doctor)),
  section(text.events, events.element),
  section(text.streams, streams.element), section(text.viewers, viewers.element, viewerNote), section(text.countersTitle, counters),
  element("p", {class: "section quiet"}, text.rawData, " ", element("a", {href: address("api/status")}, text.json), ", ",
    element("a", {href: address("metrics")}, text.metrics), ", ", element("a", {href: address("api/events")}, text.eventStream)));

furnishHeader();
events.start();
server.start(() => {
  const {status} = server;
  if (!status || !server.reachable) return;
  showCards(status);
  showFindings(status);
  streams.show(status.streams);
  viewers.show(status.viewers);
  viewers.element.hidden = status.viewers.length === 0;
  write(viewerNote, text.viewerNote(status.viewers.length, status.viewers_total));
  showCounters(status);
});
