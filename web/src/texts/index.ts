// The reader's language, or English. A translation is a file beside en.ts and its name here.

import { en, type Texts } from "./en";

const languages: Record<string, Texts> = { en };

/** The first of the reader's languages that there is. */
function choose(wanted: readonly string[]): Texts {
  const known = wanted.map(language => languages[language.split("-")[0]]).find(texts => texts !== undefined);
  return known ?? en;
}

export const texts: Texts = choose(navigator.languages ?? [navigator.language]);
export type { Texts };
