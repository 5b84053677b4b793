// All words of the pages, but for those that the server writes for browsers without JavaScript.

const count = (number, one, many) => number + " " + (number === 1 ? one : many);

export const text = {
  skip: "Skip to content",
  theme: "Light or dark",
  copy: "Copy",
  copied: what => `Copied: ${what}`,
  selected: "Selected: press Ctrl+C (⌘C) to copy",
  unreachable: since => `The server can't be reached since ${since.toLocaleTimeString()}. The pictures are old.`,
  refused: reason => `The server refuses to tell its status: ${reason}`,
  pictureOf: stream => `Picture of ${stream}`,
  states: {live: "live", starting: "starting", resting: "paused", lost: "no signal", away: "server away"},

  // Pictures.
  ended: "The stream has ended. Trying again …",
  interrupted: "The connection was lost. Trying again …",
  lastPicture: age => `Not live: this picture is ${age} old`,

  // All streams.
  view: "View",
  sort: "Sort by",
  sorts: {configured: "configuration", name: "name", state: "state, trouble first", viewers: "viewers"},
  showHidden: hidden => `Show ${count(hidden, "hidden stream", "hidden streams")}`,
  hide: stream => `Hide ${stream}`,
  enlarge: stream => `Show ${stream} large`,
  tileFigures: (rate, age, viewers) => `${rate} · ${age} old · ${count(viewers, "viewer", "viewers")}`,

  // One stream.
  stateChanged: state => `The stream is now: ${state}`,
  zoomKeys: stream => `${stream}. Zoom with the wheel, two fingers, or plus and minus; move with the arrow keys; 0 shows all.`,
  fit: "Fit",
  zoomed: scale => `${scale} ×`,
  freeze: "Freeze",
  unfreeze: "Go on",
  fullScreen: "Full screen",
  zoomIn: "Zoom in",
  zoomOut: "Zoom out",
  snapshot: "Snapshot",
  picture: "picture",
  copyPicture: "Copy picture",
  notCopied: reason => `The picture was not copied: ${reason}`,
  pictureTools: "Picture",
  sizeLabel: "Size",
  sizeAutomatic: "automatic",
  size: name => ({full: "full size", half: "half", quarter: "quarter"})[name] ?? name,
  rateLabel: "Rate",
  rateAll: "every frame",
  lastMinutes: "Last five minutes",
  graphs: {rate: "frames per second", age: "age of the picture", bytes: "received", skipped: "frames skipped"},
  graphRange: (name, lowest, highest) => `${name}: between ${lowest} and ${highest} in the last five minutes`,
  wayOfFrames: "Source and way",
  facts: (stream, server, {byteSize, frameRate, duration, rendition, mode}) => [
    ["Source", source(stream)],
    ["Picture", stream.width ? `${stream.width} × ${stream.height}, ${frameRate(stream.fps)}, ${byteSize(stream.frame_bytes_mean)} each` : "none yet"],
    ["You see", mode === "live" ? `every frame, ${rendition === "full" ? "in full size" : `rendition ${rendition ?? "not known yet"}`}`
      : mode === "stills" ? "single pictures: other windows of this browser use its connections" : "nothing: the page is hidden"],
    ["Memory", tiers[stream.tier] + (stream.tier_reason ? ` (${stream.tier_reason})` : "")],
    ["Sending", sending(stream, server)],
    ["Latency", stream.latency.count ? `${duration(stream.latency.mean_seconds)} from capture to the socket, on average` : "nothing sent yet"],
    ["Lost on the way in", losses(stream)],
  ],
  documentation: "In ringcast's documentation (in Debian's package: /usr/share/doc/ringcast): zero-copy.md says when frames are sent without a copy, renditions.md which size a viewer sees, configuration.md how a source is set up.",
  partFailed: reason => `This part of the page could not be loaded; reload the page. (${reason})`,
  elsewhere: "Use it elsewhere",
  controls: "Camera controls",

  // Use it elsewhere.
  onlyHere: "Only programs on this machine reach this address. Open this page by the machine's name or address in your network to get addresses for others.",
  code: "This page on a phone",
  codeOf: url => `QR code of ${url}`,
  pageAddress: "address of this page",
  link: "Link that expires",
  linkNeed: "Programs that can't log in take a link instead. Everybody who has it may watch this stream until it expires.",
  linkTime: "Valid for",
  makeLink: "Make a link",
  linkMade: until => `The addresses below are links now, valid until ${until}.`,

  // Controls of a camera.
  reset: "Reset",
  resetOne: control => `Reset ${control}`,
  resetAll: "Reset all",
  notAValue: "Not a value: write numbers in brackets, as in [1, 2], and text in quotes",
  appliesLater: "The camera is closed: the values are set when it is opened",
  keepChanges: section => `The changes last until ringcast is restarted. To keep them, write this line into ${section} of the configuration:`,
  configurationLine: "line for the configuration",
  controlNote: ({default: standard, min, max, inactive, read_only: readOnly}) => [
    standard === null ? null : `default ${typeof standard === "object" ? JSON.stringify(standard) : standard}`,
    min === null || max === null || typeof min === "object" ? null : `from ${min} to ${max}`,
    inactive ? "without effect now: an automatic control is on" : null,
    readOnly ? "can't be changed" : null,
  ].filter(Boolean).join(" · "),

  // Status.
  streams: "Streams",
  viewers: "Viewers",
  countersTitle: "Counters since start",
  findingsTitle: "Findings",
  noFindings: "Nothing to report.",
  doctor: "“ringcast doctor” on the server looks deeper: at cameras, permissions, limits and the kernel.",
  rawData: "The same for programs:",
  json: "status as JSON",
  metrics: "metrics for Prometheus",
  events: "What has happened",
  eventStream: "events as they happen",
  eventsElsewhere: "Other windows of this browser use its connections: what happens now is not shown here.",
  eventTime: time => time.toLocaleString([], {day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23"}),
  newEvents: events => (events.length > 1 ? `${events.length} new events, the last one: ` : "") + eventWords(events.at(-1)),
  event: event => eventWords(event),
  columns: {
    name: "Name", state: "State", source: "Source", size: "Size", fps: "Frames/s", frame: "Frame", age: "Age", viewers: "Viewers",
    sent: "Sent", skipped: "Skipped", damaged: "Damaged", tier: "Memory", reason: "Reason", address: "Address", stream: "Stream",
    rendition: "Size", proxy: "Proxy", lane: "Send path", connected: "Connected",
  },
  viewerNote: (listed, total) => total === 0 ? "Nobody is watching."
    : listed === 0 ? `${count(total, "viewer", "viewers")}; administrators see who they are.`
    : listed < total ? `The first ${listed} of ${total} viewers.` : "",
  cards: ({server, streams, viewers_total: viewers}, {duration}) => [
    ["streams live", `${streams.filter(({state}) => state === "live").length} of ${streams.length}`],
    ["viewers", `${viewers} of ${server.viewers_max}`],
    ["connections", String(server.connections)],
    ["running for", duration(server.uptime_seconds)],
    ["engine", server.engine],
    ["version", server.version],
  ],
  findings: ({server, streams}, {duration}) => [
    server.draining ? "The server is draining for maintenance: it admits no new viewers." : null,
    server.accept_paused ? "No connections are accepted at the moment: file descriptors or memory have run out." : null,
    server.engine === "epoll" ? "The engine is epoll: io_uring is not allowed here, so that frames are sent by copy." : null,
    server.engine === "io_uring" && !server.zero_copy_supported ? "This kernel has no zero-copy sends: frames are sent by copy." : null,
    server.counters.log_lines_dropped > 0 ? `${server.counters.log_lines_dropped} lines of the log were dropped.` : null,
    server.counters.unexpected_errors > 0 ? `${server.counters.unexpected_errors} system calls failed unexpectedly: see the log.` : null,
    ...streams.flatMap(stream => [
      stream.state === "lost" ? `${stream.name}: no signal${stream.reason ? `: ${stream.reason}` : ""}` : null,
      stream.state === "live" && stream.frame_age_seconds > 5 ? `${stream.name}: the newest frame is ${duration(stream.frame_age_seconds)} old.` : null,
      stream.tier_reason ? `${stream.name}: ${stream.tier_reason}` : null,
      stream.camera?.tier_reason ? `${stream.name}: ${stream.camera.tier_reason}` : null,
    ]),
  ].filter(Boolean),
  counters: {
    connections_accepted: ["connections accepted", "All connections since start: pages, viewers, snapshots, scrapes."],
    connections_refused: ["connections refused", "Beyond the limits of viewers or connections, or while draining or ending."],
    accept_errors: ["accept errors", "The kernel did not hand over a connection; mostly because the client had gone."],
    accept_pauses: ["pauses of accepting", "Times at which file descriptors or memory had run out, so that new connections had to wait."],
    bad_requests: ["malformed requests", "Refused by the parser. Many of them: somebody probes the server, or a proxy is set up wrongly."],
    bad_proxy_headers: ["bad PROXY headers", "Connections without the PROXY header that this address expects."],
    evicted_for_memory: ["evicted for memory", "Slow clients that were disconnected because memory for frames or reports ran short."],
    evicted_stalled: ["evicted, stalled", "Viewers whose machine has taken nothing for so long that they count as gone."],
    evicted_silent: ["evicted, silent", "Idle connections that made room for new ones when all places were taken."],
    evicted_over_share: ["evicted, over their share", "The same, of addresses that held more than their share of the places."],
    disconnects: ["disconnects", "Connections that have ended, whichever side closed them."],
    late_completions: ["late completions", "Results that the kernel reported for connections that were closed already; harmless."],
    unexpected_errors: ["unexpected errors", "System calls that failed in a way that ringcast does not know; the log names them."],
    ring_enters: ["system calls of the loop", "One for each turn of the event loop."],
    log_lines_dropped: ["dropped log lines", "More was logged than standard error took."],
  },
};

const listed = lines => lines?.length ? `: ${lines.join("; ")}` : "";
const often = ({count: times}) => times > 1 ? ` (${times} times)` : "";
const leftOut = ({count: changes}) => changes ? ` (${count(changes, "change was", "changes were")} left out before)` : "";

const events = {
  server_started: () => "ringcast has started",
  stream_live: event => `${event.stream}: frames arrive${leftOut(event)}`,
  stream_lost: event => `${event.stream}: no signal: ${event.reason}${leftOut(event)}`,
  stream_paused: event => `${event.stream}: paused, because nobody watches${leftOut(event)}`,
  stream_added: ({stream}) => `${stream}: added`,
  stream_replaced: ({stream}) => `${stream}: started anew with other settings`,
  stream_removed: ({stream}) => `${stream}: removed`,
  config_reloaded: ({lines}) => `The configuration was read again${listed(lines)}`,
  config_refused: ({lines}) => `The new configuration was refused, and nothing has changed${listed(lines)}`,
  viewers_refused: event => `Viewers were refused: ${event.reason}${often(event)}`,
  places_taken: event => `All places were taken: idle connections were closed${often(event)}`,
  memory_short: event => `Memory ran short: slow clients were disconnected${often(event)}`,
  accept_paused: event => `No connections were accepted for a moment: file descriptors or memory had run out${often(event)}`,
  controls_changed: ({stream, lines}) => `${stream}: the camera's controls were changed${listed(lines)}`,
};

// A newer server may know more kinds.
const eventWords = event => events[event.kind]?.(event) ?? [event.stream, event.kind.replaceAll("_", " "), event.reason].filter(Boolean).join(": ");

const sources = {
  pattern: "a test pattern",
  exec: "the output of a program",
  stdin: "the standard input of ringcast",
  file: "a file",
  libcamera: "a camera",
  http: "another server",
};

function source(stream) {
  const {camera, upstream} = stream;
  if (camera) return `camera ${camera.model ?? camera.id}, ${camera.format ?? "no format yet"}${camera.running ? "" : ", closed while nobody watches"}`;
  if (upstream) return `another server: ${upstream.address ?? ""}${upstream.server ? ` (${upstream.server})` : ""}, ${upstream.state}`;
  return sources[stream.source] ?? stream.source;
}

const tiers = {
  registered: "registered with the kernel: frames can be sent without a copy",
  copied: "copied once into registered memory",
  unregistered: "not registered: frames are sent by copy",
};

function sending({sent}, {engine}) {
  const zeroCopy = sent.frames_zero_copy, copy = sent.frames_copy;
  if (zeroCopy + copy === 0) return `nothing yet, by ${engine}`;
  const share = Math.round(100 * zeroCopy / (zeroCopy + copy));
  return share === 0 ? `by copy, as over loopback and Wi-Fi, by ${engine}` : `${share} % of the frames without a copy, by ${engine}`;
}

function losses({source_counters: counters}) {
  const found = [[counters.frames_damaged, "damaged"], [counters.frames_dropped, "dropped"], [counters.frames_oversized, "too large"]]
    .filter(([number]) => number > 0).map(([number, what]) => `${number} ${what}`);
  return found.length ? `${found.join(", ")} of ${counters.frames + counters.frames_damaged}` : "no frame";
}
