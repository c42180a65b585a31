// Whether there is a GPU that the page may use. TypeScript does not know WebGPU yet; these are the few parts needed.

interface Adapter {
  readonly features: ReadonlySet<string>;
}

/** The GPU, if the browser lends one. */
export async function adapter(): Promise<Adapter | undefined> {
  const gpu = (navigator as unknown as { gpu?: { requestAdapter(): Promise<Adapter | null> } }).gpu;
  try {
    return (await gpu?.requestAdapter()) ?? undefined;
  } catch {
    return undefined;
  }
}
