// One picture of a stream on a page: live, as stills that are asked for one after the other, or not at all.

import {address, element, folder, write} from "./base.js";
import {canReadStreams, readStream} from "./reader.js";
import {request} from "./server.js";
import {multiplexed} from "./tabs.js";
import {text} from "./texts.js";

const stillEveryMs = 500;
const stillsAtOnce = multiplexed ? 6 : 1; // one connection, which the browser keeps open
const retryFirstMs = 500;
const retryLastMs = 5000;
const silenceMsMin = 8000; // the server sends a "no signal" picture every second
const noSignalEveryMs = 1000;

const pause = (milliseconds, signal) => new Promise(done => {
  const end = () => {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
    done();
  };
  const timer = setTimeout(end, milliseconds);
  signal.addEventListener("abort", end);
});

export class Picture {
  #box;
  #canvas;
  #context;
  #message;
  #server;
  #mode = "none";
  #parameters = {};
  #key = "";
  #stop = null;
  #latest = null; // of the frames that have arrived, the one to paint next
  #painting = false;
  #captured = null; // of the picture that is shown, milliseconds since 1970 by the server's clock
  #before = null; // of the frame that arrived before
  #arrivedAt = 0; // milliseconds since 1970 by this machine's clock

  stream;
  frozen = false;
  // Sums since the page was opened.
  sums = {frames: 0, bytes: 0, skipped: 0};
  rendition = null;
  // Why no live picture is shown; empty if one is.
  trouble = "";

  // `box` has the picture that the server has written, which stands still.
  constructor(box, stream, server) {
    this.#box = box;
    this.stream = stream;
    this.#server = server;
    this.#canvas = element("canvas", {role: "img", "aria-label": text.pictureOf(stream), width: 16, height: 9});
    this.#context = this.#canvas.getContext("bitmaprenderer");
    this.#message = element("p", {class: "message"});
    const still = box.querySelector(".still");
    if (still) {
      const hide = () => { still.hidden = true; };
      still.addEventListener("error", hide);
      if (still.complete && !still.naturalWidth) hide();
    }
    box.append(this.#message);
  }

  get canvas() { return this.#canvas; }
  get mode() { return this.#mode; }
  get painted() { return this.#captured !== null; }
  // Milliseconds since a frame has arrived.
  get silentMs() { return Date.now() - this.#arrivedAt; }
  // Seconds since the picture that is shown was captured; null if that is not known.
  get age() {
    const now = this.#server.now;
    return now === null || this.#captured === null ? null : Math.max(0, now - this.#captured) / 1000;
  }

  // `mode`: "live", "stills" or "none". `parameters`: of the stream or the stills, such as {width: 640}.
  show(mode, parameters = {}) {
    const key = mode + JSON.stringify(parameters);
    if (key === this.#key) return;
    this.#key = key;
    this.#mode = mode;
    this.#parameters = parameters;
    this.#stop?.abort();
    this.#stop = null;
    this.#before = null;
    stills.remove(this);
    if (mode === "live") this.#keepReading(this.#stop = new AbortController());
    if (mode === "stills") stills.add(this);
  }

  // Begins anew, after the server was away.
  again() {
    const mode = this.#mode;
    this.show("none");
    this.show(mode, this.#parameters);
  }

  async #keepReading({signal}) {
    let waitMs = retryFirstMs;
    while (!signal.aborted) {
      const began = Date.now();
      try {
        await (canReadStreams ? this.#readStream(signal) : this.#readOneByOne(signal));
        if (!signal.aborted) this.fail(text.ended);
      } catch (problem) {
        if (signal.aborted) return;
        this.fail(problem.status ? problem.message : text.interrupted);
      }
      if (Date.now() - began > retryLastMs) waitMs = retryFirstMs;
      await pause(waitMs, signal);
      waitMs = Math.min(2 * waitMs, retryLastMs);
    }
  }

  #readStream(signal) {
    return readStream(address(folder(this.stream) + "stream", {...this.#parameters, t: Date.now()}), {
      signal,
      onpart: (fields, jpeg) => this.#take(fields, jpeg),
      silenceMs: () => Math.max(silenceMsMin, 4000 / (this.#server.stream(this.stream)?.fps || 1)),
    });
  }

  // Each request is answered with the next frame.
  async #readOneByOne(signal) {
    const {adapt, fps, ...parameters} = this.#parameters;
    while (!signal.aborted) {
      const asked = Date.now();
      const {headers, body} = await request(address(folder(this.stream) + "snapshot", {within_ms: 5000, placeholder: 1, ...parameters}), {signal});
      if (signal.aborted) return;
      this.#take(Object.fromEntries(headers), body);
      const everyMs = headers.has("x-ringcast-signal") ? noSignalEveryMs : fps ? 1000 / fps : 0;
      await pause(asked + everyMs - Date.now(), signal);
    }
  }

  // Takes a frame with its header fields, from a stream or a snapshot.
  #take(fields, jpeg) {
    const captured = Number(fields["x-timestamp"]) * 1000;
    this.#arrivedAt = Date.now();
    this.sums.frames += 1;
    this.sums.bytes += jpeg.size ?? jpeg.length;
    this.rendition = fields["x-ringcast-rendition"] ?? "full";
    if (fields["x-ringcast-signal"] === "none") {
      this.#before = null;
    } else {
      if (this.#mode === "live") this.#countSkipped(captured);
      this.#before = captured;
    }
    this.#say("");
    this.#latest = {jpeg, captured};
    if (!this.#painting) this.#paint();
  }

  // A gap between two frames, longer than those of the source or those that were asked for.
  #countSkipped(captured) {
    const fps = this.#server.stream(this.stream)?.fps ?? 0;
    const wanted = Math.min(fps, this.#parameters.fps ?? Infinity);
    if (this.#before !== null && wanted > 0) {
      this.sums.skipped += Math.max(0, Math.round((captured - this.#before) / 1000 * wanted) - 1);
    }
  }

  // Frames that arrive while one is being decoded replace each other.
  async #paint() {
    this.#painting = true;
    while (this.#latest) {
      const {jpeg, captured} = this.#latest;
      this.#latest = null;
      if (this.frozen || this.#mode === "none") continue;
      try {
        const bitmap = await createImageBitmap(jpeg instanceof Blob ? jpeg : new Blob([jpeg], {type: "image/jpeg"}));
        if (this.frozen) {
          bitmap.close();
          continue;
        }
        if (this.#canvas.width !== bitmap.width) this.#canvas.width = bitmap.width;
        if (this.#canvas.height !== bitmap.height) this.#canvas.height = bitmap.height;
        this.#context.transferFromImageBitmap(bitmap);
        if (!this.painted) {
          this.#box.querySelector(".still")?.remove();
          this.#box.prepend(this.#canvas);
        }
        this.#captured = captured;
      } catch {
        this.sums.skipped += 1; // it can't be decoded
      }
    }
    this.#painting = false;
  }

  // No frame has arrived, for this reason.
  fail(reason) {
    this.#before = null;
    this.#say(reason);
  }

  #say(reason) {
    this.trouble = reason;
    this.#box.classList.toggle("old", reason !== "");
    write(this.#message, reason);
  }

  // For the poller: asks for one picture.
  async still() {
    const {signal} = this.#stop = new AbortController();
    try {
      const {headers, body} = await request(address(folder(this.stream) + "snapshot",
        {max_age_ms: stillEveryMs, within_ms: 1000, placeholder: 1, ...this.#parameters}), {signal});
      if (!signal.aborted) this.#take(Object.fromEntries(headers), body);
    } catch (problem) {
      if (!signal.aborted) this.fail(problem.status ? problem.message : text.interrupted);
    }
  }
}

// Asks for the stills of all pictures in turn, each at most every `stillEveryMs`.
class Stills {
  #due = new Map(); // picture to the time of its next still
  #workers = 0;
  #timer;

  add(picture) {
    this.#due.set(picture, 0);
    this.#run();
  }
  remove(picture) { this.#due.delete(picture); }

  async #run() {
    clearTimeout(this.#timer);
    if (this.#workers >= stillsAtOnce) return;
    ++this.#workers;
    for (let next; (next = this.#next()) && next[1] <= Date.now();) {
      const [picture] = next;
      this.#due.set(picture, Date.now() + stillEveryMs);
      await picture.still();
    }
    --this.#workers;
    const next = this.#next();
    if (next && this.#workers < stillsAtOnce) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#run(), Math.max(0, next[1] - Date.now()));
    }
  }

  #next() {
    let earliest = null;
    for (const entry of this.#due) if (earliest === null || entry[1] < earliest[1]) earliest = entry;
    return earliest;
  }
}
const stills = new Stills();
