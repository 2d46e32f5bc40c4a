// Renders /api/v1/openapi.json. Text goes into the page as text only: nothing here makes HTML of a string.
"use strict";

const METHODS = ["get", "head", "post", "put", "patch", "delete"];

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
  for (const child of children) if (child !== null && child !== undefined) made.append(child);
  return made;
}

function typeOf(schema, depth) {
  if (!schema || depth > 4) return "any";
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const several = schema.anyOf || schema.oneOf || schema.allOf;
  if (several) return several.map((one) => typeOf(one, (depth || 0) + 1)).join(" | ");
  if (schema.type === "array") return "list of " + typeOf(schema.items, (depth || 0) + 1);
  if (schema.type === "object" && schema.additionalProperties) return "map of " + typeOf(schema.additionalProperties, (depth || 0) + 1);
  return (schema.type || "any") + (schema.format ? " (" + schema.format + ")" : "");
}

const BOUNDS = { minimum: "at least", maximum: "at most", minLength: "characters at least", maxLength: "characters at most", maxItems: "items at most", pattern: "pattern" };

function boundsOf(schema) {
  const inner = (schema.anyOf || []).find((one) => one.type !== "null") || schema;
  const said = Object.entries(BOUNDS).filter(([key]) => inner[key] !== undefined).map(([key, name]) => name + " " + inner[key]);
  if (schema.default !== undefined && schema.default !== null) said.push("default " + JSON.stringify(schema.default));
  return said.join(", ");
}

function typeCell(schema) {
  const cell = element("td", {});
  const text = typeOf(schema);
  const reference = JSON.stringify(schema || {}).match(/"#\/components\/schemas\/([^"]+)"/);
  cell.append(reference ? element("a", { href: "#schema-" + reference[1] }, text) : element("code", {}, text));
  return cell;
}

function table(headings, rows) {
  const head = element("tr", {}, ...headings.map((heading) => element("th", { scope: "col" }, heading)));
  return element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows));
}

function fields(schema) {
  const required = new Set(schema.required || []);
  const rows = Object.entries(schema.properties || {}).map(([name, field]) =>
    element("tr", {}, element("td", {}, element("code", {}, name), required.has(name) ? "" : " (optional)"), typeCell(field),
      element("td", {}, [field.description, boundsOf(field)].filter(Boolean).join(" "))));
  return rows.length ? table(["member", "type", "meaning"], rows) : element("pre", {}, JSON.stringify(schema, null, 2));
}

function parameters(operation) {
  const rows = (operation.parameters || []).map((one) =>
    element("tr", {}, element("td", {}, element("code", {}, one.name), one.required ? "" : " (optional)"), element("td", {}, one.in),
      typeCell(one.schema), element("td", {}, [one.description, boundsOf(one.schema || {})].filter(Boolean).join(" "))));
  return rows.length ? [element("h4", {}, "Parameters"), table(["name", "in", "type", "meaning"], rows)] : [];
}

function body(operation) {
  const content = (operation.requestBody || {}).content;
  if (!content) return [];
  const rows = Object.entries(content).map(([kind, said]) => element("tr", {}, element("td", {}, element("code", {}, kind)), typeCell(said.schema)));
  return [element("h4", {}, "Body"), table(["media type", "type"], rows)];
}

function responses(operation) {
  const rows = Object.entries(operation.responses || {}).map(([status, said]) => {
    const kinds = Object.entries(said.content || {});
    const cell = kinds.length ? typeCell(kinds[0][1].schema) : element("td", {}, "");
    return element("tr", {}, element("td", {}, element("code", {}, status)), cell, element("td", {}, said.description || ""));
  });
  return [element("h4", {}, "Answers"), table(["status", "type", "meaning"], rows)];
}

function section(path, method, operation) {
  const id = operation.operationId || method + path;
  const made = element("section", { id: "op-" + id },
    element("h3", {}, operation.summary || id),
    element("p", { class: "path" }, element("span", { class: "method " + method }, method.toUpperCase()), path));
  for (const paragraph of (operation.description || "").split("\n\n")) if (paragraph) made.append(element("p", {}, paragraph));
  made.append(...parameters(operation), ...body(operation), ...responses(operation));
  made.dataset.words = [path, method, id, operation.summary, operation.description].join(" ").toLowerCase();
  return made;
}

function render(found) {
  document.getElementById("version").textContent = found.info.version;
  document.getElementById("about").textContent = found.info.description || "";
  const main = document.getElementById("main"), nav = document.getElementById("nav"), groups = new Map();
  main.replaceChildren();
  for (const [path, item] of Object.entries(found.paths)) {
    for (const method of METHODS.filter((name) => item[name])) {
      const operation = item[method], group = (operation.tags || ["other"])[0];
      if (!groups.has(group)) groups.set(group, []);
      groups.get(group).push([path, method, operation]);
    }
  }
  for (const [group, operations] of groups) {
    nav.append(element("h2", {}, group));
    for (const [path, method, operation] of operations) {
      const made = section(path, method, operation);
      main.append(made);
      nav.append(element("a", { href: "#" + made.id, title: method.toUpperCase() + " " + path }, operation.summary || made.id));
    }
  }
  for (const [name, schema] of Object.entries((found.components || {}).schemas || {})) {
    const made = element("section", { id: "schema-" + name }, element("h3", {}, name), schema.description ? element("p", {}, schema.description) : null, fields(schema));
    made.dataset.words = ("schema " + name + " " + (schema.description || "")).toLowerCase();
    main.append(made);
  }
  document.getElementById("find").addEventListener("input", (event) => filter(event.target.value));
  if (location.hash) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
}

function filter(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  for (const made of document.querySelectorAll("main section")) {
    made.hidden = !words.every((word) => made.dataset.words.includes(word));
    const link = document.querySelector('nav a[href="#' + CSS.escape(made.id) + '"]');
    if (link) link.hidden = made.hidden;
  }
}

fetch("/api/v1/openapi.json", { credentials: "same-origin" })
  .then((answer) => {
    if (!answer.ok) throw new Error(answer.status === 401 ? "Sign in first, then load this page again." : "The server answered " + answer.status + ".");
    return answer.json();
  })
  .then(render)
  .catch((error) => { document.getElementById("main").replaceChildren(element("p", { role: "alert" }, "The description of the API could not be read: " + error.message)); });
