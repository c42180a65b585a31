// What can go wrong, as a code that the texts turn into a plain sentence. Everything else that is thrown is a bug.

export type FaultCode =
  | "browser-old"
  | "model-missing"
  | "model-unknown"
  | "network-none"
  | "network-missing"
  | "network-damaged"
  | "network-failed"
  | "picture-not-one"
  | "picture-kind"
  | "picture-ends-early"
  | "picture-too-large"
  | "picture-small"
  | "picture-strip"
  | "picture-unreadable"
  | "gpu-missing"
  | "gpu-failed"
  | "camera-insecure"
  | "camera-refused"
  | "camera-none"
  | "camera-busy";

export class Fault extends Error {
  /** `detail` goes into the sentence: a number, a name, a browser's own message. */
  constructor(
    readonly code: FaultCode,
    readonly detail = "",
  ) {
    super(detail ? `${code}: ${detail}` : code);
    this.name = "Fault";
  }
}

/** Whatever was thrown, as a fault; what is not one becomes `otherwise`, with its own message as the detail. */
export function asFault(thrown: unknown, otherwise: FaultCode): Fault {
  if (thrown instanceof Fault) return thrown;
  return new Fault(otherwise, thrown instanceof Error ? thrown.message : String(thrown));
}
