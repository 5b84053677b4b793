// The page with all streams.

import {address, button, duration, element, folder, frameRate, furnishHeader, recall, remember, stateMark, write} from "./base.js";
import {Picture} from "./picture.js";
import {Server} from "./server.js";
import {multiplexed, Tabs} from "./tabs.js";
import {text} from "./texts.js";

const statusEveryMs = 2000;
const refreshEveryMs = 1000;
const silenceMs = 3000;
const widthStep = 160; // so that a window that changes its size does not ask for another rendition each time

const list = document.querySelector(".tiles");
const server = new Server(statusEveryMs, {viewers: 0});
const tabs = new Tabs(() => assign());
const tiles = new Map();
const choices = {sort: "configured", hidden: [], large: null, ...recall("streams", {})};

class Tile {
  #figures = element("p", {class: "figures"});
  #mark = element("span", {class: "mark"});
  #state = "";
  visible = false;

  constructor(item) {
    this.item = item;
    this.name = item.dataset.stream;
    this.box = item.querySelector(".picture");
    this.picture = new Picture(this.box, this.name, server);
    this.largeButton = button(text.enlarge(this.name), "large", () => choose({large: this.large ? null : this.name}), true);
    const caption = item.querySelector(".caption");
    caption.prepend(this.#mark);
    caption.append(this.#figures, element("div", {class: "buttons"}, this.largeButton,
      button(text.hide(this.name), "hide", () => choose({hidden: [...choices.hidden, this.name]}), true)));
    seen.observe(item);
  }

  get large() { return choices.large === this.name; }
  get hidden() { return choices.hidden.includes(this.name); }
  // In pixels of the screen, of which more than two to a point are no use.
  get width() {
    return Math.ceil(this.box.clientWidth * Math.min(devicePixelRatio, 2) / widthStep) * widthStep;
  }

  refresh() {
    const stream = server.stream(this.name);
    const state = server.reachable ? stream?.state ?? "starting" : "away";
    if (state !== this.#state) {
      this.#state = state;
      this.#mark.replaceChildren(stateMark(state));
    }
    if (!server.reachable && this.picture.silentMs > silenceMs) this.picture.fail(text.lastPicture(duration(this.picture.age)));
    const reason = state === "lost" ? stream.reason ?? "" : "";
    write(this.#figures, reason || (stream && server.reachable ? text.tileFigures(frameRate(stream.fps), duration(this.#age(stream)), stream.viewers) : ""));
    this.#figures.title = reason;
    this.#figures.classList.toggle("reason", reason !== "");
  }

  #age(stream) { return this.picture.painted ? this.picture.age : stream.frame_age_seconds; }

  leave() {
    this.picture.show("none");
    seen.unobserve(this.item);
    this.item.remove();
  }
}

// Tiles a little outside of the window begin early.
const seen = new IntersectionObserver(entries => {
  for (const {target, isIntersecting} of entries) {
    const tile = tiles.get(target.dataset.stream);
    if (tile) tile.visible = isIntersecting;
  }
  assign();
}, {rootMargin: "100px"});

// Gives each tile a live stream, stills or nothing.
function assign() {
  const watched = document.hidden ? [] : ordered().filter(tile => tile.visible && !tile.hidden);
  watched.sort((a, b) => b.large - a.large);
  tabs.want(multiplexed ? watched.length : Math.min(2, watched.length));
  for (const tile of tiles.values()) {
    const place = watched.indexOf(tile);
    const mode = place < 0 ? "none" : place < tabs.share ? "live" : "stills";
    tile.picture.show(mode, mode === "none" ? {} : {width: tile.width});
  }
}

const keys = {
  configured: () => 0,
  name: tile => tile.name,
  state: tile => ["lost", "starting", "live", "resting"].indexOf(server.stream(tile.name)?.state ?? "lost"),
  viewers: tile => -(server.stream(tile.name)?.viewers ?? 0),
};

function ordered() {
  const key = keys[choices.sort] ?? keys.configured;
  const configured = server.status?.streams.map(({name}) => name) ?? [...tiles.keys()];
  const place = tile => configured.indexOf(tile.name);
  return [...tiles.values()].sort((a, b) => {
    const [first, second] = [key(a), key(b)];
    return first < second ? -1 : first > second ? 1 : place(a) - place(b);
  });
}

function choose(changes) {
  Object.assign(choices, changes);
  remember("streams", choices);
  arrange();
}

function arrange() {
  const order = ordered();
  // Moving an element that has the focus takes the focus away.
  const moved = order.some((tile, place) => list.children[place] !== tile.item);
  const focused = document.activeElement;
  if (moved) list.append(...order.map(tile => tile.item));
  for (const tile of order) {
    tile.item.hidden = tile.hidden;
    tile.item.classList.toggle("large", tile.large);
    tile.largeButton.setAttribute("aria-pressed", tile.large);
  }
  if (moved && focused !== document.activeElement) focused.focus();
  const hidden = order.filter(tile => tile.hidden).length;
  showHidden.hidden = hidden === 0;
  write(showHidden, text.showHidden(hidden));
  assign();
}

// Streams that a reload of the configuration has added or removed.
function reconcile() {
  if (!list || !server.status) {
    if (server.status?.streams.length) location.reload(); // the first stream
    return;
  }
  const names = server.status.streams.map(({name}) => name);
  for (const [name, tile] of tiles) {
    if (!names.includes(name)) {
      tiles.delete(name);
      tile.leave();
    }
  }
  for (const name of names.filter(name => !tiles.has(name))) {
    const target = address(folder(name));
    const item = element("li", {class: "tile", "data-stream": name},
      element("a", {class: "picture", href: target, tabindex: -1}),
      element("div", {class: "caption"}, element("h2", {}, element("a", {href: target}, name))));
    list.append(item);
    tiles.set(name, new Tile(item));
  }
}

function refresh() {
  for (const tile of tiles.values()) tile.refresh();
}

const sortChoice = element("select", {onchange: event => choose({sort: event.target.value})},
  ...Object.keys(keys).map(key => element("option", {value: key, selected: key === choices.sort}, text.sorts[key])));
const showHidden = element("button", {type: "button", onclick: () => choose({hidden: []})});
const view = element("details", {class: "menu"},
  element("summary", {}, text.view),
  element("div", {}, element("label", {}, text.sort, sortChoice), showHidden));
document.addEventListener("click", event => { if (!view.contains(event.target)) view.open = false; });
view.addEventListener("keydown", event => {
  if (event.key === "Escape") {
    view.open = false;
    view.firstChild.focus();
  }
});

furnishHeader(...(list ? [view] : []));
for (const item of document.querySelectorAll(".tile")) {
  item.querySelector(".picture").tabIndex = -1; // the name is the same link
  tiles.set(item.dataset.stream, new Tile(item));
}
if (list) arrange();
server.start(() => {
  if (server.restarted) for (const tile of tiles.values()) tile.picture.again();
  reconcile();
  if (list) arrange();
  refresh();
});
setInterval(() => document.hidden || refresh(), refreshEveryMs);
document.addEventListener("visibilitychange", assign);
let resizing;
addEventListener("resize", () => {
  clearTimeout(resizing);
  resizing = setTimeout(assign, 500);
});
