type Values = Readonly<Record<string, unknown>> | null | undefined;

export type Change = readonly [name: string, earlier: string | undefined, later: string | undefined];

/** The values that differ, as they were and as they are. What is nested is named by its path. */
export function changesOf(before: Values, after: Values): Change[] {
  const [earlier, later] = [flatten(before), flatten(after)];
  return [...new Set([...earlier.keys(), ...later.keys()])]
    .map((name): Change => [name, earlier.get(name), later.get(name)])
    .filter(([, was, is]) => was !== is);
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The names and texts of all values; what is empty has none. */
function flatten(values: Values, path = ""): Map<string, string> {
  const entries = Object.entries(values ?? {}).flatMap(([name, value]): (readonly [string, string])[] => {
    const full = path === "" ? name : `${path}.${name}`;
    if (isObject(value)) return [...flatten(value, full)];
    const text = textOf(value);
    return text === "" ? [] : [[full, text]];
  });
  return new Map(entries);
}

function textOf(value: unknown): string {
  if (value == null) return "";
  if (Array.isArray(value))
    return value
      .map((each) => (isObject(each) ? [...flatten(each).values()].join(" ") : String(each)))
      .join(", ");
  return typeof value === "string" ? value : JSON.stringify(value);
}
