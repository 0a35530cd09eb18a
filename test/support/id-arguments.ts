import {
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
  isScalarType,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLSchema,
} from "graphql";

/** An argument, or a field of one, that takes the id of something, or a text. */
export interface IdArgument {
  operation: "query" | "mutation" | "subscription";
  field: GraphQLField<unknown, unknown>;
  /** Such as `["input", "filter", "providerId"]`. */
  path: readonly string[];
}

const operations = { Query: "query", Mutation: "mutation", Subscription: "subscription" } as const;

/** Every place of the schema that takes an id. @throws Error for one in a field that is not of a root type */
export function idArguments(schema: GraphQLSchema): IdArgument[] {
  return Object.values(schema.getTypeMap()).flatMap((type) => {
    if (!isObjectType(type) || type.name.startsWith("__")) return [];
    const operation = operations[type.name as keyof typeof operations];
    return Object.values(type.getFields()).flatMap((field) => {
      const paths = field.args.flatMap(({ name, type: given }) => pathsTo(given, [name], []));
      if (operation === undefined && paths.length > 0)
        throw new Error(`${type.name}.${field.name} takes an id: teach this walk to get there`);
      return paths.map((path) => ({ operation, field, path }));
    });
  });
}

const isText = (type: GraphQLNamedType): boolean =>
  isScalarType(type) && !["Int", "Float", "Boolean", "Upload", "JSONObject"].includes(type.name);

/** Every place of the root types' fields that takes a text of any kind: one that has a format, too. */
export const textArguments = (schema: GraphQLSchema): IdArgument[] => rootArguments(schema, isText);

/** Every place of the root types' fields that takes a time. */
export const timeArguments = (schema: GraphQLSchema): IdArgument[] =>
  rootArguments(schema, ({ name }) => name === "DateTime");

function rootArguments(schema: GraphQLSchema, isWanted: (type: GraphQLNamedType) => boolean): IdArgument[] {
  return Object.entries(operations).flatMap(([name, operation]) => {
    const type = schema.getType(name);
    if (!isObjectType(type)) return [];
    return Object.values(type.getFields()).flatMap((field) =>
      field.args
        .flatMap((argument) => pathsTo(argument.type, [argument.name], [], isWanted))
        .map((path) => ({ operation, field, path })),
    );
  });
}

function pathsTo(
  type: GraphQLInputType,
  path: string[],
  within: readonly string[],
  isWanted = ({ name }: GraphQLNamedType): boolean => name === "ID",
): string[][] {
  const named = getNamedType(type);
  if (isWanted(named)) return [path];
  if (!isInputObjectType(named) || within.includes(named.name)) return [];
  return Object.values(named.getFields()).flatMap((field) =>
    pathsTo(field.type, [...path, field.name], [...within, named.name], isWanted),
  );
}

/** What to write for something that is required, or needed beside the id; undefined for some value of its type. */
export type Filler = (field: string, name: string) => string | undefined;

/** The field's call with this id at that place, and fillers for what else it needs. */
export function callWith({ field, path }: IdArgument, id: string, filler: Filler): string {
  const [first = "", ...rest] = path;
  const written = field.args.flatMap((argument) => {
    if (argument.name === first) return [`${first}: ${put(argument.type, rest, id, field.name, filler)}`];
    const filled = filler(field.name, argument.name);
    if (filled === undefined && !isRequiredArgument(argument)) return [];
    return [`${argument.name}: ${filled ?? some(argument.type, field.name, filler)}`];
  });
  return `${field.name}(${written.join(", ")})`;
}

function put(
  type: GraphQLInputType,
  path: readonly string[],
  id: string,
  name: string,
  filler: Filler,
): string {
  if (isNonNullType(type)) return put(type.ofType, path, id, name, filler);
  if (isListType(type)) return `[${put(type.ofType, path, id, name, filler)}]`;
  if (!isInputObjectType(type)) return JSON.stringify(id);
  const [next, ...rest] = path;
  return fields(type, name, filler, (field, given) =>
    field === next ? put(given, rest, id, name, filler) : undefined,
  );
}

function some(type: GraphQLInputType, name: string, filler: Filler): string {
  if (isNonNullType(type)) return some(type.ofType, name, filler);
  if (isListType(type)) return `[${some(type.ofType, name, filler)}]`;
  if (isEnumType(type)) return type.getValues()[0]?.name ?? "";
  if (!isInputObjectType(type)) return scalars[type.name] ?? '"x"';
  return fields(type, name, filler, () => undefined);
}

function fields(
  type: GraphQLInputType,
  name: string,
  filler: Filler,
  chosen: (field: string, type: GraphQLInputType) => string | undefined,
): string {
  if (!isInputObjectType(type)) return "";
  const written = Object.values(type.getFields()).flatMap((field) => {
    const value = chosen(field.name, field.type) ?? filler(name, field.name);
    if (value === undefined && !isRequiredInputField(field)) return [];
    return [`${field.name}: ${value ?? some(field.type, name, filler)}`];
  });
  return `{ ${written.join(", ")} }`;
}

const scalars: Readonly<Record<string, string>> = {
  Int: "1",
  Float: "1",
  Boolean: "true",
  Decimal: '"1"',
  DateTime: '"2026-01-01T00:00:00.000Z"',
  JSONObject: "{}",
};
