// Zoom and pan of a picture: wheel, pinch, drag and keyboard.

const most = 8;
const step = 1.25;
const panStep = 40; // pixels

export class Zoom {
  #box;
  #canvas;
  #scale = 1;
  #x = 0;
  #y = 0;
  #pointers = new Map();
  #onchange;

  // `onchange` is called with the new scale.
  constructor(box, canvas, onchange) {
    this.#box = box;
    this.#canvas = canvas;
    this.#onchange = onchange;
    box.addEventListener("wheel", event => this.#onwheel(event), {passive: false});
    box.addEventListener("pointerdown", event => this.#onpointerdown(event));
    box.addEventListener("pointermove", event => this.#onpointermove(event));
    for (const end of ["pointerup", "pointercancel"]) box.addEventListener(end, event => this.#pointers.delete(event.pointerId));
    box.addEventListener("dblclick", event => this.#at(event, this.#scale > 1 ? 1 / this.#scale : 2));
    box.addEventListener("keydown", event => this.#onkeydown(event));
    new ResizeObserver(() => this.#place(this.#scale, this.#x, this.#y)).observe(box);
  }

  get scale() { return this.#scale; }
  enlarge() { this.#around(this.#box.clientWidth / 2, this.#box.clientHeight / 2, step); }
  reduce() { this.#around(this.#box.clientWidth / 2, this.#box.clientHeight / 2, 1 / step); }
  reset() { this.#place(1, 0, 0); }

  // Zooms so that the point of the picture at these pixels of the box stays where it is.
  #around(x, y, factor) {
    const scale = Math.min(most, Math.max(1, this.#scale * factor));
    const ratio = scale / this.#scale;
    this.#place(scale, x - (x - this.#x) * ratio, y - (y - this.#y) * ratio);
  }

  #at(event, factor) {
    const {left, top} = this.#box.getBoundingClientRect();
    this.#around(event.clientX - left, event.clientY - top, factor);
  }

  // The picture can't be moved out of its box.
  #place(scale, x, y) {
    this.#scale = scale;
    this.#x = Math.min(0, Math.max(this.#box.clientWidth * (1 - scale), x));
    this.#y = Math.min(0, Math.max(this.#box.clientHeight * (1 - scale), y));
    this.#canvas.style.transform = scale === 1 ? "" : `translate(${this.#x}px, ${this.#y}px) scale(${scale})`;
    this.#box.classList.toggle("zoomed", scale > 1);
    this.#onchange(scale);
  }

  #onwheel(event) {
    if (event.deltaY > 0 && this.#scale === 1) return; // scrolls the page
    event.preventDefault();
    this.#at(event, Math.exp(-event.deltaY * (event.deltaMode === 0 ? 0.002 : 0.06)));
  }

  #onpointerdown(event) {
    if (event.target.closest("button")) return;
    this.#pointers.set(event.pointerId, event);
    if (this.#scale > 1) this.#box.setPointerCapture(event.pointerId);
  }

  #onpointermove(event) {
    const before = this.#pointers.get(event.pointerId);
    if (!before) return;
    const [other] = [...this.#pointers.values()].filter(({pointerId}) => pointerId !== event.pointerId);
    this.#pointers.set(event.pointerId, event);
    if (other) {
      const distance = ({clientX, clientY}) => Math.hypot(clientX - other.clientX, clientY - other.clientY);
      const middle = {clientX: (event.clientX + other.clientX) / 2, clientY: (event.clientY + other.clientY) / 2};
      this.#at(middle, distance(event) / Math.max(1, distance(before)));
    } else if (this.#scale > 1) {
      this.#place(this.#scale, this.#x + event.clientX - before.clientX, this.#y + event.clientY - before.clientY);
    }
  }

  #onkeydown(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const pan = {ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1]}[event.key];
    if (event.key === "+" || event.key === "=") this.enlarge();
    else if (event.key === "-") this.reduce();
    else if (event.key === "0") this.reset();
    else if (pan && this.#scale > 1) this.#place(this.#scale, this.#x + pan[0] * panStep, this.#y + pan[1] * panStep);
    else return;
    event.preventDefault();
  }
}
