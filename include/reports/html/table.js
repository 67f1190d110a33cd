// A long table of which only the rows in sight are in the document.

const NARROW = matchMedia("(max-width: 44rem)");
const BEYOND = 12; // rows drawn above and below those in sight
const WIDTHS = { resource: 300, keyword: 190, check: 210, controls: 120, result: 125, severity: 105,
  source: 135, sources: 240, account: 115, region: 110, source_time: 165, since: 170, known: 130, rank: 60, days: 90, excused: 110 };
const MONO = new Set(["resource", "keyword", "check", "evidence_id", "deployment", "page"]);

function made(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

class LongTable {
  constructor(host, data) {
    this.host = host;
    this.name = host.dataset.table;
    this.title = host.dataset.title;
    this.rows = data.rows;
    this.file = data.file;
    this.columns = data.columns.map((column) => new Column(column, data.rows));
    this.order = Uint32Array.from({ length: this.rows }, (_, row) => row);
    this.unsorted = this.order;
    this.view = this.order;
    this.passes = null;
    this.active = 0;
    this.height = 40;
    this.build();
    NARROW.addEventListener("change", () => this.heads());
  }

  get count() { return this.view.length; }

  build() {
    this.said = made("p", {});
    this.export = made("button", { type: "button", class: "plainly" }, "Save these rows as CSV");
    this.export.addEventListener("click", () => this.save());
    this.box = made("div", { class: "rows", role: "region", tabindex: "0", "aria-label": `${this.title}: rows` });
    this.table = made("table", {}, made("caption", { class: "hidden" }, this.title));
    this.cols = made("colgroup");
    this.head = made("thead");
    this.body = made("tbody");
    this.table.append(this.cols, this.head, this.body);
    this.box.append(this.table);
    this.box.addEventListener("scroll", () => {
      this.waiting ||= requestAnimationFrame(() => { this.waiting = 0; this.draw(); });
    }, { passive: true });
    this.body.addEventListener("keydown", (event) => this.key(event));
    this.body.addEventListener("click", (event) => {
      const row = event.target.closest("tr[data-at]");
      if (row && !String(getSelection())) this.open(Number(row.dataset.at));
    });
    this.host.replaceChildren(made("div", { class: "long-head" }, this.said, this.export), this.box);
    this.heads();
  }

  heads() {
    this.seen = this.columns.filter((one) => one.shown === "always" || (one.shown === "wide" && !NARROW.matches));
    this.cols.replaceChildren();
    this.head.replaceChildren();
    const row = made("tr", { "aria-rowindex": "1" });
    let whole = 0;
    for (const column of this.seen) {
      const width = WIDTHS[column.key] || 120;
      whole += width;
      const col = made("col");
      if (!NARROW.matches) col.style.width = `${width}px`;
      else if (column.key !== "resource") col.style.width = "6.4rem";
      this.cols.append(col);
      const button = made("button", { type: "button" }, column.title);
      button.addEventListener("click", () => this.sort(column));
      const th = made("th", { scope: "col", ...(column.kind === "number" ? { class: "number" } : {}) }, button);
      if (this.sorted === column) th.setAttribute("aria-sort", this.descending ? "descending" : "ascending");
      row.append(th);
    }
    this.table.style.minWidth = NARROW.matches ? "" : `${whole}px`;
    this.head.append(row);
    this.draw(true);
  }

  /** Up, down, and back to the order of the file. */
  sort(column) {
    if (this.sorted !== column) [this.sorted, this.descending] = [column, false];
    else if (!this.descending) this.descending = true;
    else this.sorted = null;
    this.order = this.sorted ? this.sorted.order(this.descending) : this.unsorted;
    this.pick();
    const at = this.seen.indexOf(column);
    this.heads();
    this.head.querySelectorAll("button")[at].focus();
  }

  /** Keep the rows that the filters and every term of the search fit. */
  filter(state, kept) {
    const tests = [];
    for (const column of this.columns) {
      const role = column.filter;
      if (role === "controls") {
        if (kept) tests.push([column.flags((word) => word.split(" ").some((id) => kept.has(id))), column.codes]);
      } else if (role && state[role]) {
        const wanted = state[role] === "-" ? "" : state[role];
        const test = column.key === "sources"
          ? (word) => word.split(" ").some((part) => part === wanted || part.startsWith(`${wanted}=`))
          : (word) => word === wanted;
        tests.push([column.flags(test), column.codes]);
      }
    }
    const terms = termsOf(state.q).map((term) => ({
      words: this.columns.filter((one) => one.kind !== "id").map((one) => [one.containing(term), one.codes])
        .filter(([flags]) => flags.includes(1)),
      ids: this.columns.filter((one) => one.kind === "id").map((one) => one.idsContaining(term)).filter(Boolean),
    }));
    this.passes = tests.length || terms.length ? (row) => {
      for (const [flags, codes] of tests) if (!flags[codes[row]]) return false;
      for (const { words, ids } of terms) {
        let hit = false;
        for (const [flags, codes] of words) if (flags[codes[row]]) { hit = true; break; }
        for (let at = 0; !hit && at < ids.length; at++) hit = ids[at][row] === 1;
        if (!hit) return false;
      }
      return true;
    } : null;
    this.pick();
    this.say();
    // One layout for all tables and controls, when the frame is drawn.
    this.fresh ||= requestAnimationFrame(() => {
      this.fresh = 0;
      this.box.scrollTop = 0;
      this.draw(true);
    });
  }

  pick() {
    this.active = 0;
    if (!this.passes) { this.view = this.order; return; }
    const view = new Uint32Array(this.rows);
    let count = 0;
    for (let at = 0; at < this.rows; at++) if (this.passes(this.order[at])) view[count++] = this.order[at];
    this.view = view.slice(0, count);
  }

  draw(fresh = false) {
    const inSight = Math.ceil((this.box.clientHeight || 600) / this.height);
    const first = Math.max(0, Math.min(Math.floor(this.box.scrollTop / this.height), this.count - inSight) - BEYOND);
    const last = Math.min(this.count, first + inSight + 2 * BEYOND);
    if (!fresh && first === this.first && last === this.last) return;
    const focused = this.body.contains(document.activeElement);
    [this.first, this.last] = [first, last];
    const rows = [this.space(first * this.height)];
    const reach = this.active >= first && this.active < last ? this.active : first;
    for (let at = first; at < last; at++) rows.push(this.row(at, at === reach));
    rows.push(this.space((this.count - last) * this.height));
    this.body.replaceChildren(...rows);
    this.table.setAttribute("aria-rowcount", this.count + 1);
    const drawn = this.body.querySelector("tr[data-at]");
    const height = drawn ? drawn.getBoundingClientRect().height : 0;
    if (height && Math.abs(height - this.height) > 0.5) { this.height = height; return this.draw(true); }
    if (focused) this.body.querySelector('tr[tabindex="0"]')?.focus({ preventScroll: true });
    this.say();
  }

  say() {
    const all = this.rows.toLocaleString("en");
    const text = !this.count ? `None of ${all} rows matches the filters.`
      : this.count === this.rows ? `${all} rows. A row opens with all it says.`
      : `${this.count.toLocaleString("en")} of ${all} rows. A row opens with all it says.`;
    if (this.said.textContent !== text) this.said.textContent = text;
    this.export.disabled = !this.count;
  }

  space(height) {
    const cell = made("td", { colspan: this.seen.length });
    cell.style.height = `${height}px`;
    const row = made("tr", { class: "space", "aria-hidden": "true" }, cell);
    return row;
  }

  row(at, reachable) {
    const row = made("tr", { "data-at": at, "aria-rowindex": at + 2, tabindex: reachable ? "0" : "-1" });
    for (const column of this.seen) {
      const text = column.text(this.view[at]);
      const cell = made("td");
      if (column.kind === "number") cell.className = "number";
      if (MONO.has(column.key)) cell.className = "mono";
      if (column.key === "result" && column.plain(this.view[at]) === "FAIL") cell.className = "fail";
      // Long names differ at their end: that is what stays in sight.
      if (column.key === "resource" && !NARROW.matches) cell.classList.add("cut");
      cell.append(made("bdi", {}, text));
      row.append(cell);
    }
    return row;
  }

  key(event) {
    const page = Math.max(1, Math.floor(this.box.clientHeight / this.height) - 2);
    const at = Number(event.target.closest("tr[data-at]")?.dataset.at ?? -1);
    if (at < 0) return;
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: this.count - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      this.goTo(Math.min(this.count - 1, Math.max(0, to)));
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.open(at);
    }
  }

  goTo(at) {
    this.active = at;
    const head = this.head.getBoundingClientRect().height;
    const top = at * this.height, seen = this.box.clientHeight - head;
    if (top < this.box.scrollTop) this.box.scrollTop = top;
    else if (top + this.height > this.box.scrollTop + seen) this.box.scrollTop = top + this.height - seen;
    this.draw(true);
    this.body.querySelector(`tr[data-at="${at}"]`)?.focus({ preventScroll: true });
  }

  /** All that a row says, in a dialog. */
  open(at) {
    this.active = at;
    this.draw(true);
    const row = this.view[at];
    document.getElementById("row-title").textContent = `${this.title}: row ${(at + 1).toLocaleString("en")} of ${this.count.toLocaleString("en")}`;
    document.getElementById("row-facts").replaceChildren(...this.columns.map((column) =>
      made("div", {}, made("dt", {}, column.title), made("dd", MONO.has(column.key) ? { class: "mono" } : {}, made("bdi", {}, column.text(row) || "-")))));
    const dialog = document.getElementById("row");
    dialog.addEventListener("close", () => this.body.querySelector(`tr[data-at="${at}"]`)?.focus(), { once: true });
    dialog.showModal();
    dialog.scrollTop = 0;
  }

  csv() {
    const lines = [this.columns.map((one) => csvCell(one.key)).join(",")];
    for (const row of this.view) lines.push(this.columns.map((one) => csvCell(one.plain(row))).join(","));
    return `\ufeff${lines.join("\r\n")}\r\n`;
  }

  save() {
    const url = URL.createObjectURL(new Blob([this.csv()], { type: "text/csv;charset=utf-8" }));
    const link = made("a", { href: url, download: this.file.replace(".csv", this.count === this.rows ? "-all.csv" : "-filtered.csv") });
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 60000);
  }
}
