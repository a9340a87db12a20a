// Elements of a page, in one expression each.

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element with attributes (`false` leaves one out, `true` leaves it empty) and children. */
export const html = (name, attributes, ...children) => filled(document.createElement(name), attributes, children);

/** An SVG element, likewise. */
export const svg = (name, attributes, ...children) => filled(document.createElementNS(SVG, name), attributes, children);

function filled(node, attributes = {}, children) {
  change(node, attributes);
  node.append(...children);
  return node;
}

/** Set attributes of an element. */
export function change(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false) node.removeAttribute(name);
    else node.setAttribute(name, value === true ? "" : value);
  }
}

/** A button. */
export function button(text, act, name = "") {
  const node = html("button", { type: "button", class: name }, text);
  node.addEventListener("click", act);
  return node;
}

/** A menu of names: `[value, text]` each. */
export function menu(label, names, choose) {
  const select = html(
    "select",
    { "aria-label": label },
    ...names.map(([value, text]) => html("option", { value }, text)),
  );
  select.addEventListener("change", () => choose(select.value));
  return select;
}
