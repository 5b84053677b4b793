// What all pages share: addresses, elements, numbers as text, and the header.

import {text} from "./texts.js";

const token = new URLSearchParams(location.search).get("token");

// The absolute address of a path below the server's root. fetch refuses addresses with a user name and a
// password, which the page's own may have.
export function absolute(path) {
  const url = new URL(path, document.baseURI);
  url.username = url.password = url.hash = "";
  return url;
}

// The same with parameters, among them the token of the page's own address.
export function address(path, parameters = {}) {
  const url = absolute(path);
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined) url.searchParams.set(name, value);
  }
  if (token !== null) url.searchParams.set("token", token);
  return url.href;
}

export const folder = stream => encodeURIComponent(stream) + "/";

// Properties are set as attributes, except for those that begin with "on" (listeners), true and false.
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (typeof value === "boolean") made.toggleAttribute(name, value);
    else if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter(child => child !== null && child !== undefined));
  return made;
}

const shapes = {
  live: "M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3z",
  starting: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zm0 2.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7z",
  resting: "M4 3h3v10H4zM9 3h3v10H9z",
  lost: "M8 1.5 15 14H1zM7.2 6v4h1.6V6zm0 5v1.6h1.6V11z",
  away: "M8 1.5 15 14H1zM7.2 6v4h1.6V6zm0 5v1.6h1.6V11z",
  large: "M2 2h5v2H4v3H2zM9 2h5v5h-2V4H9zM2 9h2v3h3v2H2zM12 9h2v5H9v-2h3z",
  hide: "M2 7h12v2H2z",
  view: "M2 4h12v1.6H2zM2 7.2h12v1.6H2zM2 10.4h12V12H2z",
  theme: "M8 1.5a6.5 6.5 0 1 0 0 13zM8 1.5a6.5 6.5 0 0 1 0 13V13a5 5 0 0 0 0-10z",
  freeze: "M4 3h3v10H4zM9 3h3v10H9z",
  play: "M4 2.5v11l9-5.5z",
  plus: "M7 2h2v5h5v2H9v5H7V9H2V7h5z",
  minus: "M2 7h12v2H2z",
  save: "M7 2h2v6h3l-4 4-4-4h3zM2 13h12v1.6H2z",
  copy: "M5 1h9v10H5zm1.6 1.6v6.8h5.8V2.6zM2 5h1.6v8.4H11V15H2z",
  fit: "M2 3h12v10H2zm1.6 1.6v6.8h8.8V4.6z",
};

export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const path = document.createElementNS(space, "path");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "icon " + name);
  path.setAttribute("d", shapes[name]);
  path.setAttribute("fill-rule", "evenodd");
  svg.append(path);
  return svg;
}

// A button with an icon and, unless `quiet`, the label beside it.
export function button(label, iconName, onclick, quiet = false) {
  return element("button", {type: "button", "aria-label": quiet ? label : null, title: quiet ? label : null, onclick},
    icon(iconName), quiet ? null : element("span", {}, label));
}

// State in colour, shape and words.
export function stateMark(state) {
  return element("span", {class: "state " + state}, icon(state), element("span", {}, text.states[state]));
}

// Sets the text only when it differs, so that selections and screen readers are left alone.
export function write(target, words) {
  if (target.textContent !== words) target.textContent = words;
}

// --- numbers as text ---

export const decimals = (value, digits) => value.toLocaleString("en", {maximumFractionDigits: digits, minimumFractionDigits: digits});

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 1) return Math.round(seconds * 1000) + " ms";
  if (seconds < 10) return decimals(seconds, 1) + " s";
  if (seconds < 100) return Math.round(seconds) + " s";
  if (seconds < 6000) return Math.round(seconds / 60) + " min";
  return seconds < 172800 ? Math.round(seconds / 3600) + " h" : Math.round(seconds / 86400) + " days";
}

export function byteSize(bytes) {
  if (bytes === null || bytes === undefined) return "–";
  for (const unit of ["B", "kB", "MB", "GB"]) {
    if (bytes < 1000) return (bytes < 10 && unit !== "B" ? decimals(bytes, 1) : Math.round(bytes)) + " " + unit;
    bytes /= 1000;
  }
  return decimals(bytes, 1) + " TB";
}

export const frameRate = fps => (fps < 10 && fps > 0 ? decimals(fps, 1) : Math.round(fps)) + " fps";

// --- what the browser remembers ---

export function recall(key, otherwise) {
  try {
    return JSON.parse(localStorage.getItem("ringcast." + key)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

export function remember(key, value) {
  try {
    localStorage.setItem("ringcast." + key, JSON.stringify(value));
  } catch {
    // Storage is blocked: the choice lasts as long as the page.
  }
}

// --- copying ---

// Browsers have a clipboard on secure pages only, which those of another machine over plain HTTP are not.
export const clipboard = window.isSecureContext ? navigator.clipboard : undefined;

// A field with `value` that can be copied, or at least selected.
export function copyField(label, value) {
  const field = element("input", {type: "text", readonly: true, "aria-label": label, value, onfocus: () => field.select()});
  const copy = button(text.copy, "copy", async () => {
    field.select();
    try {
      await clipboard.writeText(field.value);
      announce(text.copied(label));
    } catch {
      announce(text.selected);
    }
  });
  return element("div", {class: "field"}, field, copy);
}

// --- live region ---

const spoken = element("p", {class: "toast", role: "status"});
let fading;
export function announce(words) {
  clearTimeout(fading);
  spoken.textContent = words;
  fading = setTimeout(() => { spoken.textContent = ""; }, 6000);
}

// --- header ---

const outage = element("p", {class: "outage", role: "status"});
export const showOutage = words => write(outage, words);

function switchTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  remember("theme", root.dataset.theme);
  dispatchEvent(new Event("themechange"));
}

// `tools`: buttons of this page.
export function furnishHeader(...tools) {
  const main = document.querySelector("main");
  main.tabIndex = -1;
  document.body.prepend(element("button", {class: "skip", type: "button", onclick: () => main.focus()}, text.skip));
  document.querySelector("header").append(
    element("div", {class: "tools"}, ...tools, button(text.theme, "theme", switchTheme, true)));
  document.body.append(outage, spoken);
}
