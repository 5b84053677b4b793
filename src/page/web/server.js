// Asks for the server's status while the page is visible.

import {address, showOutage} from "./base.js";
import {text} from "./texts.js";

const answerMs = 8000;
const offsetsKept = 20;

// A request that gives up in time. Throws an Error with the server's own words.
export async function request(url, {signal, waitMs = answerMs, ...options} = {}) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), waitMs);
  const abort = () => stop.abort();
  signal?.addEventListener("abort", abort);
  try {
    const answer = await fetch(url, {...options, cache: "no-store", signal: stop.signal});
    if (answer.ok) return {headers: answer.headers, body: await answer.blob()};
    throw Object.assign(new Error((await answer.text()).trim()), {status: answer.status});
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}

export const readJson = async (url, options) => JSON.parse(await (await request(url, options)).body.text());

export class Server {
  #listeners = [];
  #offsets = [];
  #timer;
  #everyMs;
  #parameters;
  #asking = false;
  #since = null; // when the outage began

  // The newest status; null before the first one.
  status = null;
  // Another process has answered than before.
  restarted = false;

  constructor(everyMs, parameters) {
    this.#everyMs = everyMs;
    this.#parameters = parameters;
    document.addEventListener("visibilitychange", () => this.#ask());
  }

  get reachable() { return this.#since === null; }
  // Milliseconds since 1970 by the server's clock; null before the first answer. Delays only make a clock
  // look slow, so the highest offset is nearest to the truth.
  get now() { return this.#offsets.length ? Date.now() + Math.max(...this.#offsets) : null; }
  stream(name) { return this.status?.streams.find(stream => stream.name === name) ?? null; }

  // `listen` is called after each answer and each failure.
  start(listen) {
    this.#listeners.push(listen);
    this.#ask();
  }

  async #ask() {
    clearTimeout(this.#timer);
    if (document.hidden || this.#asking) return;
    this.#asking = true;
    try {
      const status = await readJson(address("api/status", this.#parameters));
      this.#offsets = [...this.#offsets, status.server.time_unix_seconds * 1000 - Date.now()].slice(-offsetsKept);
      this.restarted = this.status !== null && this.status.server.instance !== status.server.instance;
      if (this.restarted) this.#offsets = this.#offsets.slice(-1);
      this.status = status;
      this.#since = null;
      showOutage("");
    } catch (problem) {
      this.#since ??= Date.now();
      this.restarted = false;
      showOutage(problem.status ? text.refused(problem.message) : text.unreachable(new Date(this.#since)));
    }
    this.#asking = false;
    for (const listen of this.#listeners) listen();
    this.#timer = setTimeout(() => this.#ask(), this.#everyMs);
  }
}
