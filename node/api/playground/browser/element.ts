/** Elements of a page from values: whatever comes from a node is text, never markup. */

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** @param attributes - True: there without a value; false and undefined: not there. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...content: readonly (Node | string | undefined)[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    made.setAttribute(key, value === true ? '' : String(value));
  }
  made.append(...content.filter((part) => part !== undefined));
  return made;
}

/** A part of a drawing. */
export function shape<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...content: readonly (Node | string)[]
): SVGElementTagNameMap[Name] {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.append(...content);
  return made;
}

/** The element of the page that has this id. */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no ${id}`);
  return found;
}

/** A control under its label. @param hint - What to write there. */
export function field(
  label: string,
  control: HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement,
  { hint, isWhole = false }: { readonly hint?: string | undefined; readonly isWhole?: boolean } = {},
): HTMLDivElement {
  const hintId = `${control.id}-hint`;
  if (hint !== undefined) control.setAttribute('aria-describedby', hintId);
  return element(
    'div',
    { class: isWhole ? 'field whole' : 'field' },
    element('label', { for: control.id }, label),
    control,
    hint === undefined ? undefined : element('p', { class: 'hint', id: hintId }, hint),
  );
}

export function choice(
  id: string,
  options: readonly (readonly [value: string, name: string])[],
): HTMLSelectElement {
  return element('select', { id }, ...options.map(([value, name]) => element('option', { value }, name)));
}

/** A text in a region of its own that scrolls, also by the keyboard. */
export function codeRegion(name: string, text: string, isWrapped = true): HTMLDivElement {
  return element(
    'div',
    { class: 'scroll tall', tabindex: 0, role: 'region', 'aria-label': name },
    element('pre', { class: isWrapped ? 'wrap' : undefined }, element('code', {}, text)),
  );
}
