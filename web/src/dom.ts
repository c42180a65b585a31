// Elements without a framework. Nothing here takes HTML as text, so nothing that is read can become markup.

type Child = Node | string | null | undefined | false;

interface Properties {
  class?: string;
  on?: Partial<Record<keyof HTMLElementEventMap, (event: Event) => void>>;
  [attribute: string]: unknown;
}

/** An element with attributes (`true` sets an empty one, `false` and undefined none), listeners and children. */
export function element<K extends keyof HTMLElementTagNameMap>(tag: K, properties: Properties = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "on") {
      for (const [event, listener] of Object.entries(value as object)) made.addEventListener(event, listener as EventListener);
    } else if (value !== undefined && value !== false) {
      made.setAttribute(name, value === true ? "" : String(value));
    }
  }
  made.append(...children.filter((child): child is Node | string => Boolean(child)));
  return made;
}

/** A drawing: shapes by tag and attributes. Decoration, so hidden from screen readers. */
export function drawing(name: string, viewBox: string, shapes: readonly [tag: string, attributes: Record<string, string | number>][]): SVGElement {
  const shape = (tag: string, attributes: Record<string, string | number>) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, String(value));
    return made;
  };
  const made = shape("svg", { class: name, viewBox, "aria-hidden": "true" });
  made.append(...shapes.map(([tag, attributes]) => shape(tag, attributes)));
  return made;
}

/** A drawing of lines in a square of 24 units, in the colour of the text. */
export function icon(path: string): SVGElement {
  return drawing("icon", "0 0 24 24", [["path", { d: path }]]);
}

/** Draws a bitmap at its own size. */
export function paint(canvas: HTMLCanvasElement, bitmap: ImageBitmap): void {
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
}
