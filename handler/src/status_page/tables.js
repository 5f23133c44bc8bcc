// Tables: created once, then patched row by row, so that the focus and opened details survive a refresh.

/**
 * Creates a table. Each column has a head, the value that decides whether a cell has changed, and optionally how the cell is
 * made (`make`) and its class. The first column is the head of its row. Roles are explicit because narrow pages show rows
 * as blocks, which takes the implicit ones away.
 */
function createTable(caption, columns) {
  const heads = columns.map(({ head, kind }) =>
    el("th", { scope: "col", role: "columnheader", class: kind ?? null }, head));
  const head = el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, ...heads));
  const body = el("tbody", { role: "rowgroup" });
  const table = el("table", { role: "table" }, el("caption", null, caption), head, body);
  return Object.assign(table, { columns, body });
}

/** Creates a column with a text that others have chosen. */
function textColumn(head, name, kind) {
  const value = (item) => item[name] ?? "–";
  return { head, kind, value, make: (item) => untrusted(value(item)) };
}

/** Creates a column with a number, whose text decides whether it has changed. */
function numberColumn(head, value) {
  return { head, kind: "number", value };
}

/** Creates a column with the age of a time. */
function ageColumn(head, name, make = ago) {
  return { head, kind: "number", value: (item) => duration(ageOf(item[name])), make: (item) => make(item[name]) };
}

/** Creates a column with a link to a repository. */
function repositoryColumn() {
  const make = ({ repository }) => (repository ? repositoryLink(repository) : "–");
  return { head: "Repository", value: ({ repository }) => repository, make };
}

/** Creates a column with a button. */
function actionColumn(value, make) {
  return { head: "Action", kind: "action", value, make };
}

/** Brings the rows of a table up to date: an item with the key of a row keeps it. */
function patchTable(table, items, keyOf) {
  const focused = document.activeElement;
  const rows = new Map([...table.body.rows].map((row) => [row.dataset.key, row]));
  const wanted = items.map((item) => {
    const key = String(keyOf(item));
    const row = rows.get(key) ?? createRow(table, key);
    rows.delete(key);
    table.columns.forEach((column, index) => patchCell(row.cells[index], column, item));
    return row;
  });
  const next = nextFocus(table, rows, focused);
  for (const row of rows.values()) row.remove();
  arrange(table.body, wanted);
  restoreFocus(focused, next);
}

function createRow(table, key) {
  const cells = table.columns.map(({ head, kind }, index) =>
    index === 0
      ? el("th", { scope: "row", role: "rowheader", class: kind ?? null, "data-head": head })
      : el("td", { role: "cell", class: kind ?? null, "data-head": head }));
  return el("tr", { role: "row", "data-key": key }, ...cells);
}

/** Makes a cell again only if its value has changed. */
function patchCell(cell, column, item) {
  const value = String(column.value(item) ?? "");
  if (cell.dataset.value === value) return;
  cell.dataset.value = value;
  cell.replaceChildren(column.make ? column.make(item) : value || "–");
}

/** Puts rows into their order; a row that is in its place is not moved. */
function arrange(body, rows) {
  rows.forEach((row, index) => {
    if (body.rows[index] !== row) body.insertBefore(row, body.rows[index] ?? null);
  });
}

/** Returns what gets the focus if its row is removed: the row after it, or the section. */
function nextFocus(table, removed, focused) {
  const row = focused?.closest?.("tr");
  if (!row || removed.get(row.dataset.key) !== row) return null;
  const remains = (other) => other && removed.get(other.dataset.key) === other;
  let next = row.nextElementSibling;
  while (remains(next)) next = next.nextElementSibling;
  return next?.querySelector("button, a, summary") ?? table.closest("section")?.querySelector("h2");
}

function restoreFocus(focused, next) {
  if (!focused || focused === document.body || document.activeElement === focused) return;
  (focused.isConnected ? focused : next)?.focus({ preventScroll: true });
}

/** Shows a table, or the sentence that stands for it if it has no row. */
function showTable(id, table, emptyText) {
  const place = byId(id);
  const isEmpty = table.body.rows.length === 0;
  if (!place.contains(table)) place.append(el("p", { class: "empty" }), table);
  table.hidden = isEmpty;
  place.querySelector(".empty").hidden = !isEmpty;
  setText(place.querySelector(".empty"), emptyText);
}
