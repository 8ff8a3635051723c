/** Pointer on a chart over time: moving, clicking, dragging a range, double-click. The chart says what it means. */

/** Pixels a press may move and still be a click. */
const STEADY = 4;

export class TimePointer {
  #element;
  #chart;
  #start = null;
  #abort = new AbortController();

  /**
   * @param {HTMLElement} element the plot
   * @param {Object} chart
   * @param {(x: number, y: number, event: PointerEvent) => void} chart.move pixels inside the plot
   * @param {() => void} chart.leave
   * @param {(x: number, y: number, event: Event) => void} chart.click
   * @param {(start: number, end: number) => void} [chart.zoom] pixels, start < end; without it there is no dragging
   * @param {() => void} [chart.widen] double-click
   * @param {(start: number, end: number) => void} [chart.select] while dragging; (NaN, NaN) ends it
   */
  constructor(element, chart) {
    this.#element = element;
    this.#chart = chart;
    const on = (type, listener) => element.addEventListener(type, listener, { signal: this.#abort.signal });
    on("pointermove", (event) => this.#move(event));
    on("pointerleave", ({ pointerType }) => {
      // A finger that is lifted leaves, too; what it pointed at stays to be read.
      if (this.#start === null && pointerType !== "touch") chart.leave();
    });
    on("pointerdown", (event) => this.#down(event));
    on("pointerup", (event) => this.#up(event));
    on("pointercancel", () => this.#end());
    on("dblclick", (event) => {
      event.preventDefault();
      chart.widen?.();
    });
  }

  destroy() {
    this.#abort.abort();
  }

  #at(event) {
    const box = this.#element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  #down(event) {
    if (event.button !== 0 || !event.isPrimary) return;
    this.#start = this.#at(event);
    // A finger that draws is scrolling or reading values, not choosing a range.
    if (this.#chart.zoom && event.pointerType !== "touch") this.#element.setPointerCapture(event.pointerId);
    if (event.pointerType === "touch") this.#chart.move(this.#start.x, this.#start.y, event);
  }

  #move(event) {
    const { x, y } = this.#at(event);
    if (this.#dragging(x, event)) this.#chart.select?.(Math.min(this.#start.x, x), Math.max(this.#start.x, x));
    this.#chart.move(x, y, event);
  }

  #dragging(x, event) {
    return this.#chart.zoom && this.#start && event.pointerType !== "touch" && Math.abs(x - this.#start.x) > STEADY;
  }

  #up(event) {
    if (!this.#start) return;
    const { x, y } = this.#at(event);
    const start = this.#start;
    const dragged = this.#dragging(x, event);
    this.#end();
    if (dragged) this.#chart.zoom(Math.min(start.x, x), Math.max(start.x, x));
    else if (Math.abs(y - start.y) <= STEADY) this.#chart.click(x, y, event);
  }

  #end() {
    this.#start = null;
    this.#chart.select?.(NaN, NaN);
  }
}
