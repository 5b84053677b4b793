// Shares out the live connections among the windows of this browser. Over HTTP/1.1 it opens at most six
// connections to a host for all of them together; a window with six streams would leave none for the
// others, not even to load a page.

const perWindow = 2;
const inAll = 4; // leaves two for everything else
const everyMs = 2000;
const forgottenMs = 3 * everyMs;

const protocol = performance.getEntriesByType("navigation")[0]?.nextHopProtocol ?? "";
export const multiplexed = protocol === "h2" || protocol === "h3";

// The number of connections of each window, in the order of `windows` ({id, began, wants}): one each, oldest
// first, then a second one each.
export function shareOut(windows) {
  const shares = new Map(windows.map(({id}) => [id, 0]));
  const order = [...windows].sort((a, b) => a.began - b.began || (a.id < b.id ? -1 : 1));
  let left = inAll;
  for (let round = 1; round <= perWindow; ++round) {
    for (const {id, wants} of order) {
      if (wants >= round && left > 0) {
        shares.set(id, round);
        --left;
      }
    }
  }
  return shares;
}

export class Tabs {
  #own = {id: String(Math.random()), began: Date.now(), wants: 0};
  #others = new Map();
  #channel = multiplexed ? null : new BroadcastChannel("ringcast");
  #onchange;
  #share = 0;

  // `onchange` is called when `share` has changed.
  constructor(onchange) {
    this.#onchange = onchange;
    if (!this.#channel) return;
    this.#channel.onmessage = ({data}) => this.#hear(data);
    addEventListener("pagehide", () => this.want(0));
    setInterval(() => {
      if (this.#own.wants === 0) return;
      this.#say();
      this.#settle(); // a window that has crashed says nothing more
    }, everyMs);
    this.#say(true);
  }

  // How many live connections this window may have.
  get share() { return this.#share; }

  // Asks for so many.
  want(count) {
    if (count === this.#own.wants) return;
    this.#own.wants = count;
    if (this.#channel) this.#say();
    this.#settle();
  }

  #say(asks = false) { this.#channel.postMessage({...this.#own, asks}); }

  #hear({asks, ...other}) {
    if (asks) this.#say();
    this.#others.set(other.id, {...other, heard: Date.now()});
    this.#settle();
  }

  #settle() {
    const now = Date.now();
    for (const [id, {heard}] of this.#others) if (now - heard > forgottenMs) this.#others.delete(id);
    const share = this.#channel ? shareOut([this.#own, ...this.#others.values()]).get(this.#own.id) : this.#own.wants;
    if (share !== this.#share) {
      this.#share = share;
      this.#onchange();
    }
  }
}
