// The page of one stream.

import {address, announce, button, byteSize, clipboard, decimals, duration, element, folder, frameRate, furnishHeader, icon, recall, remember, stateMark, write} from "./base.js";
import {Graph} from "./graph.js";
import {Picture} from "./picture.js";
import {request, Server} from "./server.js";
import {Tabs} from "./tabs.js";
import {text} from "./texts.js";
import {Zoom} from "./zoom.js";

const sampleEveryMs = 1000;
const describeEvery = 30; // samples
const rates = [30, 15, 10, 5, 2, 1];

const article = document.querySelector(".stream");
const name = article.dataset.stream;
const box = article.querySelector(".picture");
const server = new Server(1000, {viewers: 0});
const tabs = new Tabs(() => assign());
const picture = new Picture(box, name, server);
const choices = {size: "", fps: "", ...recall("stream." + name, {})};

function assign() {
  tabs.want(document.hidden ? 0 : 1);
  const mode = document.hidden ? "none" : tabs.share > 0 ? "live" : "stills";
  // adapt: the server moves this viewer to a smaller picture while its link is slow.
  const size = choices.size ? {size: choices.size} : mode === "live" ? {adapt: 1} : {};
  picture.show(mode, mode === "none" ? {} : {...size, ...(mode === "live" && choices.fps ? {fps: choices.fps} : {})});
}

// --- state ---

const mark = element("span", {});
const reason = element("p", {class: "quiet"});
article.querySelector(".title").append(mark, reason);
let shownState = "";

function showState(stream) {
  const state = server.reachable ? stream?.state ?? "starting" : "away";
  if (state !== shownState) {
    if (shownState) announce(text.stateChanged(text.states[state]));
    shownState = state;
    mark.replaceChildren(stateMark(state));
  }
  write(reason, server.reachable ? stream?.reason ?? "" : "");
  if (!server.reachable && picture.silentMs > 3000) picture.fail(text.lastPicture(duration(picture.age)));
}

// --- the bar under the picture ---

box.tabIndex = 0;
box.setAttribute("role", "group");
box.setAttribute("aria-label", text.zoomKeys(name));
const fit = button(text.fit, "fit", () => zoom.reset());
const zoom = new Zoom(box, picture.canvas, scale => {
  fit.disabled = scale === 1;
  write(fit.lastChild, scale === 1 ? text.fit : text.zoomed(decimals(scale, 1)));
});

const freeze = button(text.freeze, "freeze", () => {
  picture.frozen = !picture.frozen;
  freeze.setAttribute("aria-pressed", picture.frozen);
  freeze.firstChild.replaceWith(icon(picture.frozen ? "play" : "freeze"));
  write(freeze.lastChild, picture.frozen ? text.unfreeze : text.freeze);
});

const fullScreen = button(text.fullScreen, "large", () => {
  if (document.fullscreenElement) document.exitFullscreen();
  else box.requestFullscreen();
});

const snapshot = element("a", {class: "button", href: address(folder(name) + "snapshot"), download: name + ".jpg"},
  icon("save"), element("span", {}, text.snapshot));

// As PNG, because clipboards take no JPEG.
async function pictureAsPng() {
  const {body} = await request(address(folder(name) + "snapshot", {max_age_ms: 1000}));
  const bitmap = await createImageBitmap(body);
  const canvas = element("canvas", {width: bitmap.width, height: bitmap.height});
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  bitmap.close();
  return new Promise(done => canvas.toBlob(done, "image/png"));
}

const copyPicture = clipboard && window.ClipboardItem ? button(text.copyPicture, "copy", async () => {
  try {
    await clipboard.write([new ClipboardItem({"image/png": pictureAsPng()})]);
    announce(text.copied(text.picture));
  } catch (problem) {
    announce(text.notCopied(problem.message));
  }
}) : null;

function choose(changes) {
  Object.assign(choices, changes);
  remember("stream." + name, choices);
  assign();
}
const sizeChoice = element("select", {onchange: () => choose({size: sizeChoice.value})},
  element("option", {value: ""}, text.sizeAutomatic));
const rateChoice = element("select", {onchange: () => choose({fps: rateChoice.value})},
  element("option", {value: ""}, text.rateAll), ...rates.map(fps => element("option", {value: fps}, frameRate(fps))));
rateChoice.value = choices.fps;

// The sizes that the stream has; `half` and `quarter` always.
function offerSizes(stream) {
  const names = ["full", ...new Set([...stream.renditions.map(rendition => rendition.name), "half", "quarter"])];
  if (choices.size && !names.includes(choices.size)) names.push(choices.size);
  if (sizeChoice.options.length === names.length + 1) return;
  sizeChoice.replaceChildren(sizeChoice.options[0], ...names.map(size => element("option", {value: size}, text.size(size))));
  sizeChoice.value = choices.size;
}

article.append(element("div", {class: "bar", role: "toolbar", "aria-label": text.pictureTools},
  freeze, fullScreen, button(text.zoomIn, "plus", () => zoom.enlarge(), true), button(text.zoomOut, "minus", () => zoom.reduce(), true), fit,
  snapshot, copyPicture, element("span", {class: "end"}),
  element("label", {}, text.sizeLabel, sizeChoice), element("label", {}, text.rateLabel, rateChoice)));
fit.disabled = true;

// --- graphs of the last five minutes ---

const graphs = {
  rate: new Graph(text.graphs.rate, frameRate),
  age: new Graph(text.graphs.age, duration),
  bytes: new Graph(text.graphs.bytes, bytes => byteSize(bytes) + "/s"),
  skipped: new Graph(text.graphs.skipped, value => String(value)),
};
let before = {...picture.sums, at: performance.now()};
let sampled = 0;

function sample() {
  if (document.hidden) {
    before = {...picture.sums, at: performance.now()};
    return;
  }
  const now = {...picture.sums, at: performance.now()};
  const seconds = (now.at - before.at) / 1000;
  graphs.rate.add((now.frames - before.frames) / seconds);
  graphs.age.add(picture.frozen ? null : picture.age);
  graphs.bytes.add((now.bytes - before.bytes) / seconds);
  graphs.skipped.add(now.skipped - before.skipped);
  before = now;
  if (++sampled % describeEvery === 0) for (const graph of Object.values(graphs)) graph.describe(text.graphRange);
}

// --- the way of the frames, in words ---

const facts = element("dl", {class: "facts"});
const shownFacts = new Map();

function showFacts(stream) {
  for (const [label, words] of text.facts(stream, server.status.server, {byteSize, frameRate, duration, rendition: picture.rendition, mode: picture.mode})) {
    if (!shownFacts.has(label)) {
      const value = element("dd");
      shownFacts.set(label, value);
      facts.append(element("dt", {}, label), value);
    }
    write(shownFacts.get(label), words);
  }
}

// A part of the page that is loaded when it is opened for the first time.
function later(title, load) {
  const part = element("details", {class: "panel"}, element("summary", {}, title));
  part.addEventListener("toggle", async () => {
    try {
      part.append(await load());
    } catch (problem) {
      part.append(element("p", {class: "failure"}, text.partFailed(problem.message)));
    }
  }, {once: true});
  return part;
}

const panels = element("div", {class: "panels"},
  element("section", {class: "panel"}, element("h2", {}, text.lastMinutes),
    element("div", {class: "graphs"}, ...Object.values(graphs).map(graph => graph.element))),
  element("section", {class: "panel"}, element("h2", {}, text.wayOfFrames), facts,
    element("p", {class: "quiet"}, text.documentation)),
  later(text.elsewhere, async () => (await import("./elsewhere.js")).elsewhere(name)));
article.append(panels);
if (document.body.dataset.administrates) {
  let offered = false;
  server.start(() => {
    if (offered || !server.stream(name)?.camera) return;
    offered = true;
    panels.append(later(text.controls, async () => (await import("./controls.js")).controls(name)));
  });
}

furnishHeader();
assign();
document.addEventListener("visibilitychange", assign);
server.start(() => {
  if (server.restarted) picture.again();
  const stream = server.stream(name);
  showState(stream);
  if (stream && server.reachable) {
    offerSizes(stream);
    showFacts(stream);
  }
});
setInterval(sample, sampleEveryMs);
