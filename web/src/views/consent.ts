// The warning that must be acknowledged before the first answer; the device remembers that it was.

import { element } from "../dom";
import type { Description } from "../model/description";
import { sha256 } from "../model/sha256";
import { texts } from "../texts";

/** Bound to the warning's text: another warning is acknowledged anew. */
function key(description: Description): string {
  const words = new TextEncoder().encode(description.disclaimer + description.intended_use);
  return `skinlesion-understood-${sha256(words).slice(0, 16)}`;
}

/** Where the browser keeps nothing, for this visit at least. */
const thisVisit = new Set<string>();

function remembered(name: string): boolean {
  try {
    return thisVisit.has(name) || localStorage.getItem(name) !== null;
  } catch {
    return thisVisit.has(name);
  }
}

function remember(name: string): void {
  thisVisit.add(name);
  try {
    localStorage.setItem(name, new Date().toISOString());
  } catch {
    // Private windows may forbid it.
  }
}

/** Whether the reader has understood; asks, the first time. */
export async function consent(description: Description): Promise<boolean> {
  const name = key(description);
  if (remembered(name)) return true;
  const words = texts.consent;
  const dialog = element(
    "dialog",
    { class: "consent", "aria-labelledby": "consent-heading" },
    element("h2", { id: "consent-heading" }, words.heading),
    element("p", { class: "strong" }, description.disclaimer),
    element("p", {}, words.notAdvice),
    element("h3", {}, words.intended),
    element("p", { class: "faint" }, description.intended_use),
    element(
      "form",
      { method: "dialog", class: "actions" },
      element("button", { class: "button primary", value: "yes", autofocus: true }, words.accept),
      element("button", { class: "button", value: "no" }, words.cancel),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  await new Promise(closed => dialog.addEventListener("close", closed, { once: true }));
  dialog.remove();
  const understood = dialog.returnValue === "yes";
  if (understood) remember(name);
  return understood;
}
