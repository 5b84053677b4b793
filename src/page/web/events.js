// What has happened, newest first, and what happens while the page is visible.

import {address, element, icon, write} from "./base.js";
import {Tabs} from "./tabs.js";
import {text} from "./texts.js";

const shownMax = 100;
const gatherMs = 200; // the events of the past come together
const spokenEveryMs = 10_000;
const retryMs = 5000;
const trouble = new Set(["stream_lost", "config_refused", "viewers_refused", "places_taken", "memory_short", "accept_paused"]);
const relief = new Set(["stream_live", "stream_paused", "server_started"]);

export class EventList {
  #list = element("ol", {class: "events", role: "list"});
  #note = element("p", {class: "quiet"});
  #spoken = element("p", {class: "spoken", role: "status"});
  #source = null;
  #ids = new Set(); // of those that are listed
  #arrived = [];
  #gathering;
  #retrying;
  #isPast = true; // what comes is older than the page
  #untold = [];
  #speaking = null;
  #tabs = new Tabs(() => this.#assign());

  element = element("div", {class: "log"},
    element("div", {class: "table", tabindex: 0, role: "region", "aria-label": text.events}, this.#list), this.#note, this.#spoken);

  start() {
    this.#assign();
    document.addEventListener("visibilitychange", () => this.#assign());
    addEventListener("pagehide", () => this.#close());
    addEventListener("pageshow", () => this.#assign());
  }

  #assign() {
    this.#tabs.want(document.hidden ? 0 : 1);
    if (this.#tabs.share === 0) this.#close();
    else if (!this.#source) this.#open();
    write(this.#note, document.hidden || this.#tabs.share > 0 ? "" : text.eventsElsewhere);
  }

  #open() {
    this.#isPast = true;
    this.#source = new EventSource(address("api/events"));
    this.#source.addEventListener("message", ({lastEventId, data}) => this.#take(lastEventId, data));
    // The browser itself connects again, unless the server has refused.
    this.#source.addEventListener("error", () => {
      if (this.#source?.readyState !== EventSource.CLOSED) return;
      this.#close();
      this.#retrying = setTimeout(() => this.#assign(), retryMs);
    });
  }

  #close() {
    clearTimeout(this.#retrying);
    this.#source?.close();
    this.#source = null;
  }

  #take(id, data) {
    if (this.#ids.has(id)) return;
    this.#ids.add(id);
    this.#arrived.push({id, ...JSON.parse(data)});
    this.#gathering ??= setTimeout(() => this.#show(), gatherMs);
  }

  #show() {
    this.#gathering = undefined;
    this.#list.prepend(...this.#arrived.slice(-shownMax).reverse().map(event => this.#line(event)));
    while (this.#list.children.length > shownMax) {
      this.#ids.delete(this.#list.lastChild.dataset.id);
      this.#list.lastChild.remove();
    }
    if (!this.#isPast) this.#untold.push(...this.#arrived);
    this.#isPast = false;
    this.#arrived = [];
    this.#speak();
  }

  #line(event) {
    const time = new Date(event.time_unix_seconds * 1000);
    const state = trouble.has(event.kind) ? "lost" : relief.has(event.kind) ? "live" : null;
    return element("li", {"data-id": event.id, "data-kind": event.kind},
      element("time", {datetime: time.toISOString()}, text.eventTime(time)),
      element("span", {class: "state " + (state ?? "")}, state ? icon(state) : null),
      element("span", {}, text.event(event)));
  }

  // One sentence at a time, and few of them, however much happens.
  #speak() {
    if (this.#speaking !== null || this.#untold.length === 0) return;
    write(this.#spoken, text.newEvents(this.#untold));
    this.#untold = [];
    this.#speaking = setTimeout(() => {
      this.#speaking = null;
      this.#speak();
    }, spokenEveryMs);
  }
}
