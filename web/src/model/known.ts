import { Fault } from "../fault";

/** Refuses a description that says `what` in a way that this page does not know. */
export function known(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Fault("model-unknown", what);
}
