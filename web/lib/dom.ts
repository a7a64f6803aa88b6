// Making elements.  Text is always text: nothing that comes from a site or a bag
// becomes markup.

export type Child = Node | string | null | undefined | false;
type Attributes = Readonly<Record<string, string>>;

export function el<K extends keyof HTMLElementTagNameMap>(name: K, attributes: Attributes = {},
  ...children: readonly Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  for (const child of children) if (child) element.append(child);
  return element;
}

/** An element that the page has. */
export function by<T extends HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`no #${id}`);
  return element as T;
}

export function show(element: HTMLElement, visible: boolean): void {
  element.hidden = !visible;
}
