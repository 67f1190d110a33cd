"use strict";
// The tables inside the page: read once, kept as columns of codes.

/** The JSON of a data element, or null where there is none. Throws what a person can read. */
async function readData(name) {
  const element = document.getElementById(`data-${name}`);
  if (!element) return null;
  const text = element.textContent;
  element.remove();
  if (element.dataset.encoding !== "gzip") return JSON.parse(text);
  if (typeof DecompressionStream === "undefined") {
    throw new Error("This browser is too old to unpack the rows (it lacks DecompressionStream).");
  }
  const packed = atob(text);
  const bytes = new Uint8Array(packed.length);
  for (let at = 0; at < packed.length; at++) bytes[at] = packed.charCodeAt(at);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

const ID_LENGTH = 32;

/** A column: words in order, and each row's code among them; or ids of equal length in one text. */
class Column {
  constructor(data, rows) {
    Object.assign(this, { key: data.key, title: data.title, kind: data.kind });
    this.shown = data.shown || "wide";
    this.filter = data.filter || "";
    this.labels = data.labels || {};
    this.ids = data.ids || "";
    this.words = data.words || [];
    const Codes = this.words.length < 256 ? Uint8Array : this.words.length < 65536 ? Uint16Array : Uint32Array;
    this.codes = new Codes(data.codes || 0);
    this.rows = rows;
  }

  /** What an export says of a row. */
  plain(row) {
    if (this.kind === "id") return this.ids.substr(row * ID_LENGTH, ID_LENGTH);
    const word = this.words[this.codes[row]];
    return this.kind === "time" && word !== "" ? new Date(word * 1000).toISOString().replace(".000", "") : String(word);
  }

  /** What a person reads of a row. */
  text(row) {
    if (this.kind === "id") return this.plain(row);
    return this.wordText(this.codes[row]);
  }

  wordText(code) {
    const word = this.words[code];
    if (this.kind === "time") return word === "" ? "" : new Date(word * 1000).toISOString().slice(0, 19).replace("T", " ");
    if (this.key === "sources" && word) return word.split(" ").map(labelled).join(", ");
    return Object.hasOwn(this.labels, word) ? this.labels[word] : String(word);
  }

  /** For each word, 1 where `test` holds. */
  flags(test) {
    const out = new Uint8Array(this.words.length);
    for (let code = 0; code < out.length; code++) out[code] = test(this.words[code]) ? 1 : 0;
    return out;
  }

  /** For each word, 1 where it contains the term, as it is written or as it is read. */
  containing(term) {
    this.makeSearchable();
    const out = new Uint8Array(this.words.length);
    for (let code = 0; code < out.length; code++) out[code] = this.searched[code].includes(term) ? 1 : 0;
    return out;
  }

  makeSearchable() {
    this.searched ||= this.words.map((word, code) => {
      const read = this.wordText(code);
      return (read === String(word) ? read : `${word}\n${read}`).toLowerCase();
    });
  }

  /** For each row of ids, 1 where the id contains the term; null where it can't. */
  idsContaining(term) {
    if (!/^[0-9a-f]{4,32}$/.test(term)) return null;
    const out = new Uint8Array(this.rows);
    for (let at = this.ids.indexOf(term); at >= 0; at = this.ids.indexOf(term, at + 1)) {
      const row = Math.floor(at / ID_LENGTH);
      if (at + term.length <= (row + 1) * ID_LENGTH) out[row] = 1;
    }
    return out;
  }

  /** Rows in this column's order; equal ones stay in the order they have. Counts, no comparing. */
  order(descending) {
    const starts = new Uint32Array(this.words.length + 1);
    for (const code of this.codes) starts[(descending ? this.words.length - 1 - code : code) + 1]++;
    for (let at = 1; at < starts.length; at++) starts[at] += starts[at - 1];
    const out = new Uint32Array(this.rows);
    for (let row = 0; row < this.rows; row++) {
      const code = this.codes[row];
      out[starts[descending ? this.words.length - 1 - code : code]++] = row;
    }
    return out;
  }
}

const SOURCE_NAMES = {};

/** `aws_config=PASS`, as people read it. */
function labelled(part) {
  const [source, said] = part.split("=");
  return (SOURCE_NAMES[source] || source) + (said ? ` ${said.toLowerCase()}` : "");
}

/** A cell that no spreadsheet runs as a formula, quoted where it has to be. */
function csvCell(text) {
  if (/^[=+\-@\t\r\n]/.test(text)) text = `'${text}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
