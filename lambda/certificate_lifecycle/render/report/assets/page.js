"use strict";
(() => {
  const PAGE = 50;
  const PAPER = 1000;
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("data").textContent);
  const fields = {
    filter: byId("filter-text"),
    severity: byId("filter-severity"),
    verdict: byId("filter-verdict"),
    owner: byId("filter-owner"),
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
      this.rows = data[name].map(([severity, verdict, keys, cells, owner], index) => ({
        severity, verdict, keys, cells, owner, index, text: null,
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

    filter({ filter, severity, verdict, owner }) {
      const wanted = filter.toLowerCase().split(" ").filter(Boolean);
      this.found = this.rows.filter((row) => {
        if (severity && row.severity !== severity) return false;
        if (verdict && row.verdict !== verdict) return false;
        if (owner && row.owner !== owner) return false;
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
          + (found === all ? "" : ` that match the filter, ${count(all)} in total`)
        : `None of ${count(all)} matches the filter`;
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
  // Without access to the clipboard, the text is selected for the keyboard.
  document.addEventListener("click", async ({ target }) => {
    if (!target.matches("button.copy")) return;
    const source = target.previousElementSibling;
    try {
      await navigator.clipboard.writeText(source.textContent);
      byId("copied").textContent = "Copied.";
    } catch {
      getSelection().selectAllChildren(source);
      byId("copied").textContent = "Selected: copy it with the keyboard.";
    }
  });
  addEventListener("beforeprint", () => tables.forEach((table) => table.draw(PAPER)));
  addEventListener("afterprint", () => tables.forEach((table) => table.draw()));

  document.documentElement.className = "scripted";
  if (!read()) apply();
})();
