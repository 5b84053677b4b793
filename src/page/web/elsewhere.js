// "Use it elsewhere": what to enter in other programs, with the addresses of this server as this page is
// reached, behind a proxy and on a subpath as well.

import {absolute, address, copyField, element, folder, write} from "./base.js";
import {readJson} from "./server.js";
import {text} from "./texts.js";
import {encode} from "./uqr.js";

const linkTimes = {"1h": "1 hour", "24h": "1 day", "7d": "1 week", "30d": "30 days"};

// `url` with further parameters.
function extend(url, parameters) {
  const extended = new URL(url);
  for (const [name, value] of Object.entries(parameters)) extended.searchParams.set(name, value);
  return extended.href;
}

// For each program: name, and what to enter.
function uses(stream, name) {
  const snapshot = stream.replace("/stream", "/snapshot");
  return [
    ["Web page", [["HTML", `<img src="${extend(stream, {adapt: 1})}" alt="${name}">`]]],
    ["OctoPrint", [["stream URL", stream], ["snapshot URL", snapshot]]],
    ["Mainsail", [["service MJPEG-Streamer, stream URL", stream], ["snapshot URL", snapshot]]],
    ["Fluidd", [["MJPEG Stream, camera URL stream", stream], ["camera URL snapshot", snapshot]]],
    ["Home Assistant", [["MJPEG IP Camera, MJPEG URL", extend(stream, {variant: "advance"})], ["still image URL", snapshot]]],
    ["Frigate", [["config.yml", `{path: "${stream}", input_args: preset-http-mjpeg-generic, roles: [detect]}`]]],
    ["VLC", [["command", `vlc --network-caching=0 "${stream}"`]]],
    ["ffmpeg", [["command, records", `ffmpeg -use_wallclock_as_timestamps 1 -f mpjpeg -i "${stream}" -c copy ${name}.mkv`]]],
    ["OpenCV", [["Python", `cv2.VideoCapture("${stream}")`]]],
  ];
}

// An address as QR code, of which each dark module is a square of one unit.
function codeFor(url) {
  const space = "http://www.w3.org/2000/svg";
  const {size, data} = encode(url, {border: 0});
  const svg = document.createElementNS(space, "svg");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", data.flatMap((row, y) => row.map((dark, x) => dark ? `M${x} ${y}h1v1h-1z` : "")).join(""));
  for (const [name, value] of Object.entries({viewBox: `0 0 ${size} ${size}`, class: "qr", role: "img", "aria-label": text.codeOf(url)})) {
    svg.setAttribute(name, value);
  }
  svg.append(path);
  return svg;
}

// Makes the part of the page for the stream `name`.
export function elsewhere(name) {
  const list = element("div", {class: "uses"});
  const fill = stream => list.replaceChildren(...uses(stream, name).map(([program, entries]) =>
    element("section", {class: "use"}, element("h3", {}, program),
      ...entries.map(([label, value]) => element("div", {}, element("span", {class: "quiet"}, label), copyField(`${program}: ${label}`, value))))));
  const stream = address(folder(name) + "stream");
  fill(stream);

  const parts = [];
  if (/^(localhost|127\.|\[::1\])/.test(new URL(stream).host)) parts.push(element("p", {class: "quiet"}, text.onlyHere));
  if (document.body.dataset.links) parts.push(linkMaker(name, fill));
  const page = address(folder(name));
  // A token in the page's address would be in the code: whoever reads it may watch.
  parts.push(list, element("section", {class: "use"}, element("h3", {}, text.code), codeFor(page), copyField(text.pageAddress, page)));
  return element("div", {class: "uses"}, ...parts);
}

function linkMaker(name, fill) {
  const time = element("select", {}, ...Object.entries(linkTimes).map(([value, words]) => element("option", {value}, words)));
  const outcome = element("p", {class: "quiet", role: "status"});
  const make = element("button", {type: "button", onclick: async () => {
    try {
      const link = await readJson(address(folder(name) + "link", {for: time.value}));
      fill(absolute(link.path).href);
      write(outcome, text.linkMade(new Date(link.expires_unix_seconds * 1000).toLocaleString()));
    } catch (problem) {
      write(outcome, problem.message);
    }
  }}, text.makeLink);
  return element("section", {class: "use"}, element("h3", {}, text.link), element("p", {class: "quiet"}, text.linkNeed),
    element("div", {class: "bar"}, element("label", {}, text.linkTime, time), make), outcome);
}
