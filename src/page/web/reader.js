// Reads a stream by fetch: unlike an <img>, it knows when the stream ends, and how old a picture is.

const headBytesMax = 4096;
const headEnd = [13, 10, 13, 10];

// Takes the bytes of a stream in pieces of any size, and calls `onpart` with each part's header fields, by
// their names in lower case, and body.
export class PartParser {
  #head = new Uint8Array(headBytesMax);
  #headBytes = 0;
  #matched = 0; // of headEnd
  #fields = null;
  #body = null;
  #bodyBytes = 0;
  #onpart;

  constructor(onpart) { this.#onpart = onpart; }

  take(bytes) {
    let at = 0;
    while (at < bytes.length) at = this.#body ? this.#takeBody(bytes, at) : this.#takeHead(bytes, at);
  }

  #takeHead(bytes, begin) {
    for (let at = begin; at < bytes.length; ++at) {
      if (this.#headBytes === headBytesMax) throw new Error("the head of a picture is too long");
      const byte = this.#head[this.#headBytes++] = bytes[at];
      this.#matched = byte === headEnd[this.#matched] ? this.#matched + 1 : byte === headEnd[0] ? 1 : 0;
      if (this.#matched === headEnd.length) {
        this.#beginBody();
        return at + 1;
      }
    }
    return bytes.length;
  }

  #beginBody() {
    this.#fields = {};
    const head = new TextDecoder("latin1").decode(this.#head.subarray(0, this.#headBytes));
    for (const line of head.split("\r\n")) {
      const colon = line.indexOf(":");
      if (colon > 0 && !line.startsWith("--")) this.#fields[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    const length = Number(this.#fields["content-length"]);
    if (!(length > 0)) throw new Error("a picture without length");
    this.#body = new Uint8Array(length);
    this.#bodyBytes = this.#headBytes = this.#matched = 0;
  }

  #takeBody(bytes, begin) {
    const piece = bytes.subarray(begin, begin + this.#body.length - this.#bodyBytes);
    this.#body.set(piece, this.#bodyBytes);
    this.#bodyBytes += piece.length;
    if (this.#bodyBytes === this.#body.length) {
      const body = this.#body;
      this.#body = null;
      this.#onpart(this.#fields, body);
    }
    return begin + piece.length;
  }
}

// WebKit takes such answers apart itself. It can't read them by fetch, and keeps the connection open
// (WebKitGTK 2.50).
export const canReadStreams = !/AppleWebKit\//.test(navigator.userAgent) || /Chrom(e|ium)\//.test(navigator.userAgent);

// Reads the stream at `url` until it ends or `signal` aborts it. Throws an Error when it is refused, with the
// server's own words and a `status`, and when nothing has arrived for `silenceMs()`.
export async function readStream(url, {signal, onpart, silenceMs}) {
  const stop = new AbortController();
  const abort = () => stop.abort();
  signal.addEventListener("abort", abort);
  let timer;
  const awake = () => {
    clearTimeout(timer);
    timer = setTimeout(abort, silenceMs());
  };
  try {
    awake();
    const answer = await fetch(url, {cache: "no-store", signal: stop.signal});
    if (!answer.ok) throw Object.assign(new Error((await answer.text()).trim()), {status: answer.status});
    const parser = new PartParser(onpart);
    const reader = answer.body.getReader();
    for (;;) {
      const {done, value} = await reader.read();
      if (done) return;
      awake();
      parser.take(value);
    }
  } finally {
    clearTimeout(timer);
    abort();
    signal.removeEventListener("abort", abort);
  }
}
