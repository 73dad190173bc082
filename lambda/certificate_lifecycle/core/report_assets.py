"""The style and the script of the report's page, as they stand in it.

The page's policy holds the hash of each, so nothing else styles it or runs in it.
They live in Python because the package of the functions holds nothing but Python.
"""

from __future__ import annotations

#: Every pair of colours has a contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3), in both schemes.
STYLE = """
:root {
  color-scheme: light dark;
  --page: #f4f5f7; --sheet: #ffffff; --text: #1a1d21; --soft: #50575f; --line: #d3d7dc;
  --link: #0b57a4; --critical: #b3261e; --warning: #845000; --info: #1d5fa5; --ok: #1b6e3c;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #111417; --sheet: #1b1f24; --text: #e6e9ec; --soft: #a9b1ba; --line: #3a414a;
    --link: #8cc2ff; --critical: #ff8f86; --warning: #ffc266; --info: #8cc2ff; --ok: #7fd99a;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
body {
  margin: 0 auto; max-width: 86rem; padding: 1rem; background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  overflow-wrap: anywhere;
}
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
a { color: var(--link); }
h1 { font-size: 1.6rem; line-height: 1.2; margin: .5rem 0 .75rem; }
h2 { font-size: 1.2rem; margin: 0 0 .5rem; }
p { margin: .25rem 0 .5rem; }
small, .soft { color: var(--soft); font-size: .85rem; }
section {
  background: var(--sheet); border: 1px solid var(--line); border-radius: .5rem;
  margin: 1rem 0; padding: 1rem;
}
.skip { position: absolute; left: -99rem; }
.skip:focus { position: static; display: inline-block; padding: .5rem; }
.note { border-left: .3rem solid var(--warning); font-weight: 600; padding-left: .6rem; }

/* What a run was. */
header dl { display: flex; flex-wrap: wrap; gap: .25rem 2rem; margin: 0 0 .5rem; }
header dt { color: var(--soft); font-size: .85rem; }
header dd { margin: 0; }

/* A severity is a word, a shape and a colour. */
.badge {
  border: 1px solid currentcolor; border-radius: 1rem; display: inline-block; font-size: .85rem;
  font-weight: 600; padding: 0 .6rem; white-space: nowrap;
}
.badge::before { margin-right: .35rem; }
.critical { color: var(--critical); }
.warning { color: var(--warning); }
.info { color: var(--info); }
.ok { color: var(--ok); }
.badge.critical::before { content: "\\25B2"; content: "\\25B2" / ""; }
.badge.warning::before { content: "\\25C6"; content: "\\25C6" / ""; }
.badge.info::before { content: "\\25A0"; content: "\\25A0" / ""; }
.badge.ok::before { content: "\\25CF"; content: "\\25CF" / ""; }
.verdict { font-size: 1.1rem; }

/* Tiles. */
.tiles {
  display: grid; gap: .75rem; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr));
  list-style: none; margin: .5rem 0 0; padding: 0;
}
.tile {
  background: var(--page); border: 1px solid var(--line); border-left: .4rem solid currentcolor;
  border-radius: .4rem; display: block; height: 100%; padding: .6rem .75rem; text-decoration: none;
}
.tile strong { display: block; font-size: 1.8rem; line-height: 1.1; }
.tile .name { color: var(--text); font-weight: 600; margin-right: .3rem; }
.tile small { display: block; margin-top: .3rem; }
.tile:hover .name { text-decoration: underline; }

/* Charts. */
figure { margin: 0; }
figcaption { color: var(--soft); margin-bottom: .5rem; }
.scroll { overflow-x: auto; }
svg { display: block; min-width: 44rem; width: 100%; }
svg text { fill: currentcolor; font-size: 11px; }
svg .axis { fill: var(--soft); stroke: none; }
svg line { stroke: var(--line); }
svg line.now { stroke: var(--text); stroke-dasharray: 3 3; }
svg path { fill: currentcolor; }
.bar { fill: var(--info); }
.count { text-anchor: middle; }

/* Filter. */
.filter { align-items: end; display: flex; flex-wrap: wrap; gap: .75rem; }
.filter label { color: var(--soft); display: grid; font-size: .85rem; }
input, select, button {
  background: var(--sheet); border: 1px solid var(--soft); border-radius: .35rem;
  color: var(--text); font: inherit; min-height: 2.5rem; padding: .25rem .6rem;
}
button { cursor: pointer; }
button:disabled { cursor: default; opacity: .5; }

/* Tables; on a phone each row is a card. */
table { border-collapse: collapse; width: 100%; }
caption { height: 1px; overflow: hidden; position: absolute; width: 1px; clip-path: inset(50%); }
th, td { border-bottom: 1px solid var(--line); padding: .5rem .6rem; text-align: left; }
th, td { vertical-align: top; }
tbody th { font-weight: 400; }
thead th { white-space: nowrap; }
thead button {
  background: none; border: 0; font-weight: 600; min-height: 0; padding: .1rem 0; text-align: left;
}
thead button::after { color: var(--soft); content: " \\2195"; content: " \\2195" / ""; }
[aria-sort=ascending] button::after { content: " \\2191"; content: " \\2191" / ""; }
[aria-sort=descending] button::after { content: " \\2193"; content: " \\2193" / ""; }
td small, th small, th span, th a { display: block; }
td ul { margin: 0; padding-left: 1.1rem; }
td p, td pre { margin: 0 0 .35rem; }
.where { color: var(--soft); font-size: .9rem; }
pre {
  background: var(--page); border: 1px solid var(--line); border-radius: .3rem; font-size: .85rem;
  max-width: 40rem; padding: .4rem .5rem; white-space: pre-wrap;
}
.date { white-space: nowrap; }
#findings-table { min-width: 70rem; }
#findings-table th[scope=row] { min-width: 16rem; }
#findings-table td:nth-child(4) { min-width: 12rem; }
#findings-table td:nth-child(6) { min-width: 7rem; }
#findings-table td:nth-child(3), #findings-table td:nth-child(5) { min-width: 15rem; }
#inventory-table { min-width: 60rem; }
#inventory-table td:nth-child(2), #inventory-table td:nth-child(3) { white-space: nowrap; }
.entries { margin: 0; padding-left: 1.2rem; }
.entries li { margin-bottom: .5rem; }
.pages { display: flex; gap: .75rem; }
details table { max-width: 24rem; }
summary { cursor: pointer; }

@media (max-width: 45rem) {
  body { padding: .5rem; }
  section { padding: .75rem; }
  .tiles { grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); }
  #findings-table, #inventory-table { min-width: 0; }
  #findings-table :is(th, td) { min-width: 0 !important; }
  #findings-table :is(tbody, tr, th, td), #inventory-table :is(tbody, tr, th, td) {
    display: block;
  }
  #findings-table, #inventory-table { display: block; }
  #findings-table thead, #inventory-table thead { display: block; padding-bottom: .5rem; }
  #findings-table thead tr, #inventory-table thead tr {
    border: 0; display: flex; flex-wrap: wrap; gap: 0 1rem; padding: 0; margin: 0;
  }
  #findings-table thead th, #inventory-table thead th { border: 0; padding: .2rem 0; }
  #findings-table tr, #inventory-table tr {
    border: 1px solid var(--line); border-radius: .4rem; margin-bottom: .75rem; padding: .25rem 0;
  }
  #findings-table tbody :is(th, td), #inventory-table tbody :is(th, td) {
    border: 0; padding: .25rem .75rem;
  }
  #findings-table tbody :is(th, td)::before, #inventory-table tbody :is(th, td)::before {
    color: var(--soft); content: attr(data-label); display: block; font-size: .8rem;
  }
}

@media print {
  :root {
    --page: #fff; --sheet: #fff; --text: #000; --soft: #444; --line: #bbb;
    --link: #000; --critical: #8f1d17; --warning: #6b4100; --info: #174c84; --ok: #155a31;
  }
  @page { margin: 12mm; size: A4 landscape; }
  html { font-size: 8.5pt; }
  body { max-width: none; padding: 0; }
  section { border: 0; margin: 0 0 6mm; padding: 0; }
  .skip, #filter, .pages, details, noscript, th a { display: none; }
  .scroll { overflow: visible; }
  svg, #findings-table, #inventory-table { min-width: 0; }
  #findings-table :is(th, td) { min-width: 0 !important; }
  tr, li, figure { break-inside: avoid; }
  h2 { break-after: avoid; }
  thead { display: table-header-group; }
  /* As text, because a heading that is repeated shows no button. */
  thead button { display: contents; }
  thead button::after { content: none; }
}
"""

#: Shows tables by pages of 100 rows, sorted and filtered; what is shown is in the address, too.
SCRIPT = """
"use strict";
(() => {
  const PAGE = 100;
  const PAPER = 1000;
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("data").textContent);
  const fields = {
    filter: byId("filter-text"),
    severity: byId("filter-severity"),
    verdict: byId("filter-verdict"),
  };

  // A node is a text, or [tag, class or target, [nodes]]. Values are set as text, never as markup.
  const build = (node) => {
    if (typeof node === "string") return document.createTextNode(node);
    const [tag, extra, children] = node;
    const element = document.createElement(tag);
    if (tag === "a") {
      element.setAttribute("href", extra);
      element.setAttribute("rel", "noreferrer");
    } else if (extra) {
      element.className = extra;
    }
    element.append(...children.map(build));
    return element;
  };

  const words = (node) => (typeof node === "string" ? node : node[2].map(words).join(" "));

  const compare = (one, other) => {
    if (one === other) return 0;
    if (one === null) return 1;
    if (other === null) return -1;
    return one < other ? -1 : 1;
  };

  class Table {
    constructor(name) {
      this.name = name;
      this.table = byId(`${name}-table`);
      this.status = byId(`${name}-status`);
      this.body = this.table.tBodies[0];
      this.labels = [...this.table.tHead.rows[0].cells].map((cell) => cell.textContent);
      this.head = this.labels.indexOf("Certificate");
      this.rows = data[name].map(([severity, verdict, keys, cells], index) => ({
        severity, verdict, keys, cells, index, text: null,
      }));
      this.found = this.rows;
      this.first = 0;
      this.sorted = null;
      this.addSorting();
      this.addPages();
    }

    addSorting() {
      [...this.table.tHead.rows[0].cells].forEach((cell, column) => {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = cell.textContent;
        button.addEventListener("click", () => this.sort(column));
        cell.replaceChildren(button);
      });
    }

    addPages() {
      const turn = (text, by) => {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = text;
        button.addEventListener("click", () => {
          this.first += by;
          this.draw();
          this.table.scrollIntoView();
        });
        return button;
      };
      this.back = turn("Previous page", -PAGE);
      this.next = turn("Next page", PAGE);
      byId(`${this.name}-pages`).append(this.back, this.next);
    }

    // A column goes up, then down, then back to the order of the report.
    sort(column) {
      const { column: last, up } = this.sorted || {};
      if (last !== column) this.sorted = { column, up: true };
      else this.sorted = up ? { column, up: false } : null;
      this.order();
      this.first = 0;
      this.draw();
    }

    order() {
      const { column, up } = this.sorted || {};
      this.found.sort((one, other) => {
        const keys = column === undefined ? 0 : compare(one.keys[column], other.keys[column]);
        const turned = up === false && one.keys[column] !== null && other.keys[column] !== null;
        return (turned ? -keys : keys) || one.index - other.index;
      });
      [...this.table.tHead.rows[0].cells].forEach((cell, index) => {
        if (index === column) cell.setAttribute("aria-sort", up ? "ascending" : "descending");
        else cell.removeAttribute("aria-sort");
      });
    }

    filter({ filter, severity, verdict }) {
      const wanted = filter.toLowerCase().split(" ").filter(Boolean);
      this.found = this.rows.filter((row) => {
        if (severity && row.severity !== severity) return false;
        if (verdict && row.verdict !== verdict) return false;
        if (!wanted.length) return true;
        row.text ??= [row.severity, row.verdict, ...row.cells.map(words)].join(" ").toLowerCase();
        return wanted.every((word) => row.text.includes(word));
      });
      this.order();
      this.first = 0;
      this.draw();
    }

    draw(size = PAGE) {
      const shown = this.found.slice(this.first, this.first + size);
      this.body.replaceChildren(...shown.map((row) => this.row(row)));
      const count = (number) => number.toLocaleString("en");
      const [found, all] = [this.found.length, this.rows.length];
      const last = this.first + shown.length;
      this.status.textContent = shown.length
        ? `${count(this.first + 1)} to ${count(last)} of ${count(found)}`
          + (found === all ? "" : ` that fit the filter, ${count(all)} in all`)
        : `None of ${count(all)} fits the filter`;
      this.back.disabled = this.first === 0;
      this.next.disabled = this.first + PAGE >= this.found.length;
      this.back.hidden = this.next.hidden = this.found.length <= PAGE;
    }

    row({ cells }) {
      const line = document.createElement("tr");
      cells.forEach((node, column) => {
        const cell = document.createElement(column === this.head ? "th" : "td");
        if (column === this.head) cell.scope = "row";
        cell.dataset.label = this.labels[column];
        cell.append(build(node));
        line.append(cell);
      });
      return line;
    }
  }

  const tables = Object.keys(data)
    .filter((name) => byId(`${name}-table`))
    .map((name) => new Table(name));

  const apply = () => {
    const wanted = Object.fromEntries(
      Object.entries(fields).map(([name, field]) => [name, field.value.trim()]),
    );
    tables.forEach((table) => table.filter(wanted));
    return wanted;
  };

  // Takes the fields from an address such as #filter=shop&severity=critical&sort=Ends&down=1.
  const read = () => {
    const given = new URLSearchParams(location.hash.slice(1));
    const known = [...Object.keys(fields), "sort"].some((name) => given.has(name));
    if (!known && location.hash) return false;
    for (const [name, field] of Object.entries(fields)) field.value = given.get(name) || "";
    for (const table of tables) {
      const column = table.labels.indexOf(given.get("sort"));
      table.sorted = column < 0 ? null : { column, up: !given.has("down") };
    }
    apply();
    return known;
  };

  const write = () => {
    const wanted = Object.entries(apply()).filter(([, value]) => value);
    history.replaceState(null, "", `#${new URLSearchParams(wanted)}`);
  };

  byId("filter").hidden = !tables.length;
  for (const field of Object.values(fields)) field.addEventListener("input", write);
  byId("filter-clear").addEventListener("click", () => {
    for (const field of Object.values(fields)) field.value = "";
    write();
    fields.filter.focus();
  });
  addEventListener("hashchange", () => {
    if (read()) byId("filter").scrollIntoView();
  });
  addEventListener("beforeprint", () => tables.forEach((table) => table.draw(PAPER)));
  addEventListener("afterprint", () => tables.forEach((table) => table.draw()));

  if (!read()) apply();
})();
"""
