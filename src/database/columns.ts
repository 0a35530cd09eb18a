/** PostgreSQL types by the name of a property, such as `{ accountId: "uuid" }`. */
type Types<Name extends string> = Readonly<Record<Name, string>>;

/** The lists of columns in a large statement, all from one table. In SQL, `accountId` is `account_id`. */
interface Columns<Name extends string> {
  keys: readonly Name[];
  /** The record that `json_to_recordset` reads: `"accountId" uuid, …`. */
  record: string;
  /** The same columns, selected from that record: `"accountId", …`. */
  selected: string;
  /** The columns of a table that they go into: `account_id, …`. */
  names: string;
  /** Reads the table's columns as properties: `m.account_id as "accountId", …`. */
  readFrom: (alias: string) => string;
  /** Assigns them from that record under an alias: `account_id = s."accountId", …`. */
  assignedFrom: (alias: string) => string;
  /**
   * The same record from lists, in half the time of JSON: `unnest((select $1::uuid[]), …)`, the parameters counted
   * from `first` on. As sub-selects their length is hidden from the planner, which else plans for it.
   */
  unnested: (first?: number) => string;
  /** The lists for `unnested`: a column without any value is null as a whole. */
  lists: (rows: readonly Partial<Readonly<Record<Name, unknown>>>[]) => unknown[];
}

export function columns<Name extends string>(types: Types<Name>): Columns<Name> {
  const keys = keysOf(types);
  return {
    keys,
    record: keys.map((key) => `"${key}" ${types[key]}`).join(", "),
    selected: keys.map((key) => `"${key}"`).join(", "),
    names: keys.map(columnOf).join(", "),
    readFrom: (alias) => keys.map((key) => `${alias}.${columnOf(key)} as "${key}"`).join(", "),
    assignedFrom: (alias) => keys.map((key) => `${columnOf(key)} = ${alias}."${key}"`).join(", "),
    unnested: (first = 1) =>
      `unnest(${keys.map((key, index) => `(select $${first + index}::${types[key]}[])`).join(", ")})`,
    lists: (rows) =>
      keys.map((key) => {
        if (rows.every((row) => row[key] == null)) return null;
        return rows.map((row) => asElement(row[key], types[key]));
      }),
  };
}

function asElement(value: unknown, type: string): unknown {
  if (value == null) return null;
  if (type === "jsonb") return JSON.stringify(value);
  return type === "numeric" && typeof value === "number" ? value.toString() : value;
}

/** The parameters of a large statement by name, so that nobody has to count them. */
export interface Parameters<Name extends string> {
  /** How each stands in the text: `$1::uuid`. */
  sql: Readonly<Record<Name, string>>;
  /** The columns of the same names: `account_id, …`. */
  names: string;
  /** All of them, for those columns: `$1::uuid, …`. */
  list: string;
  /** The values in their order. */
  values: (values: Readonly<Record<Name, unknown>>) => unknown[];
}

export function parameters<Name extends string>(types: Types<Name>): Parameters<Name> {
  const keys = keysOf(types);
  const placeholders = keys.map((key, index) => `$${index + 1}::${types[key]}`);
  const sql = Object.fromEntries(keys.map((key, index) => [key, placeholders[index]]));
  return {
    sql: sql as Record<Name, string>,
    names: keys.map(columnOf).join(", "),
    list: placeholders.join(", "),
    values: (values) => keys.map((key) => values[key]),
  };
}

const keysOf = <Name extends string>(types: Types<Name>): Name[] => Object.keys(types) as Name[];

const columnOf = (key: string): string => key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
