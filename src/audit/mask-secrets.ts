/** Names of values that are secret, with everything below them. */
const secretName = /(token|secret|password|passphrase|credential|authorization|hash|apikey|privatekey)s?$/i;

const censored = "[secret]";

/** The value without its secrets. That one was changed still shows: it stands before and after. */
export function maskSecrets(value: object | undefined): object | undefined {
  return masked(value) as object | undefined;
}

function masked(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return censored;
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  return mapped(value, (one, name) => (secretName.test(name) ? hidden(one) : masked(one)));
}

function hidden(value: unknown): unknown {
  if (value === null) return null;
  return typeof value === "object" && !ArrayBuffer.isView(value) ? mapped(value, hidden) : censored;
}

function mapped(value: object, change: (one: unknown, name: string) => unknown): unknown {
  if (Array.isArray(value)) return value.map((one: unknown) => change(one, ""));
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(entries.map(([name, one]: [string, unknown]) => [name, change(one, name)]));
}
