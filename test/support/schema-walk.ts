import {
  getNamedType,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
} from "graphql";

/** One field of the schema, and a document that asks for it by the shortest way there is. */
export interface Step {
  type: string;
  field: string;
  /** All fields on the way to it, such as `Query.message`, and itself. */
  path: readonly string[];
  document: string;
}

/** What to write for an argument of a field; undefined for what it would be anyway. */
export type Chosen = (field: string, argument: string) => string | undefined;

interface Place {
  type: GraphQLNamedType;
  path: readonly string[];
  wrap: (selection: string) => string;
  /** Of the root types, the fields to start with. */
  only?: (field: string) => boolean;
}

/**
 * Every field of every object type that an operation can reach, each in a document of its own: from each of the
 * entries (such as `Query.message`), and once more from all other fields of the root types together.
 */
export function walkSchema(schema: GraphQLSchema, chosen: Chosen, entries: readonly string[]): Step[] {
  const isEntry = (name: string): boolean => entries.includes(name);
  const starts = [
    ...entries.map((entry) => (name: string) => name === entry),
    (name: string) => !isEntry(name),
  ];
  return starts.flatMap((only) => walkFrom(schema, chosen, only));
}

function walkFrom(schema: GraphQLSchema, chosen: Chosen, isStart: (name: string) => boolean): Step[] {
  const roots = {
    query: schema.getQueryType(),
    mutation: schema.getMutationType(),
    subscription: schema.getSubscriptionType(),
  };
  const steps: Step[] = [];
  const seen = new Set<string>();
  let level: Place[] = Object.entries(roots).flatMap(([operation, type]) =>
    type
      ? [
          {
            type,
            path: [],
            wrap: (selection) => `${operation} { ${selection} }`,
            only: (field) => isStart(`${type.name}.${field}`),
          },
        ]
      : [],
  );
  while (level.length > 0) {
    const next: Place[] = [];
    for (const place of level) {
      if (seen.has(place.type.name)) continue;
      seen.add(place.type.name);
      next.push(...visitPlace(schema, chosen, place, steps));
    }
    level = next;
  }
  return steps;
}

/** Every way through the schema of at most so many fields, each in a document that asks for what is at its end. */
export function* everyPath(schema: GraphQLSchema, chosen: Chosen, depth: number): Generator<Step> {
  const roots = {
    query: schema.getQueryType(),
    mutation: schema.getMutationType(),
    subscription: schema.getSubscriptionType(),
  };
  for (const [operation, type] of Object.entries(roots)) {
    if (!type) continue;
    const place: Place = { type, path: [], wrap: (inner) => `${operation} { ${inner} }` };
    yield* pathsFrom(schema, chosen, place, depth);
  }
}

function* pathsFrom(schema: GraphQLSchema, chosen: Chosen, place: Place, depth: number): Generator<Step> {
  if (depth === 0) return;
  const steps: Step[] = [];
  const fieldsLeft = isAbstractType(place.type) ? depth : depth - 1;
  const next = visitPlace(schema, chosen, place, steps);
  yield* steps;
  for (const further of next) yield* pathsFrom(schema, chosen, further, fieldsLeft);
}

/** Notes the fields of a type, and returns what they lead to. */
function visitPlace(
  schema: GraphQLSchema,
  chosen: Chosen,
  { type, path, wrap, only }: Place,
  steps: Step[],
): Place[] {
  if (isAbstractType(type)) {
    return schema.getPossibleTypes(type).map((possible) => ({
      type: possible,
      path,
      wrap: (selection) => wrap(`... on ${possible.name} { ${selection} }`),
    }));
  }
  if (!isObjectType(type)) return [];
  const fields = Object.values(type.getFields()).filter(({ name }) => only?.(name) ?? true);
  return fields.map((field) => {
    const result = getNamedType(field.type);
    const call = `${field.name}${writeArguments(field, chosen)}`;
    const document = wrap(isCompositeType(result) ? `${call} { __typename }` : call);
    const further = [...path, `${type.name}.${field.name}`];
    steps.push({ type: type.name, field: field.name, path: further, document });
    return { type: result, path: further, wrap: (selection) => wrap(`${call} { ${selection} }`) };
  });
}

/** All fields of a type that `isWanted`, and of what they lead to, down to a depth. */
export function selectAll(
  schema: GraphQLSchema,
  type: GraphQLNamedType,
  isWanted: (type: GraphQLObjectType, field: GraphQLField<unknown, unknown>) => boolean,
  depth: number,
): string {
  if (isAbstractType(type)) {
    const parts = schema
      .getPossibleTypes(type)
      .map((possible) => [possible.name, selectAll(schema, possible, isWanted, depth)] as const);
    const fragments = parts.filter(([, selection]) => selection !== "__typename");
    return ["__typename", ...fragments.map(([name, text]) => `... on ${name} { ${text} }`)].join(" ");
  }
  if (!isObjectType(type)) return "";
  const selections = Object.values(type.getFields()).flatMap((field) => {
    const result = getNamedType(field.type);
    if (!isWanted(type, field) || (isCompositeType(result) && depth === 0)) return [];
    const below = isCompositeType(result) ? ` { ${selectAll(schema, result, isWanted, depth - 1)} }` : "";
    return [`${type.name}_${field.name}: ${field.name}${below}`];
  });
  return ["__typename", ...selections].join(" ");
}

function writeArguments({ name, args }: GraphQLField<unknown, unknown>, chosen: Chosen): string {
  const written = args.flatMap((argument) => {
    const value =
      chosen(name, argument.name) ?? (isRequiredArgument(argument) ? write(argument.type) : undefined);
    return value === undefined ? [] : [`${argument.name}: ${value}`];
  });
  return written.length === 0 ? "" : `(${written.join(", ")})`;
}

const scalars: Readonly<Record<string, string>> = {
  Int: "1",
  Float: "1",
  Boolean: "true",
  Decimal: '"1"',
  DateTime: '"2030-01-01T00:00:00.000Z"',
  JSONObject: "{}",
};

/** Some value of the type. */
function write(type: GraphQLInputType): string {
  if (isNonNullType(type)) return write(type.ofType);
  if (isListType(type)) return `[${write(type.ofType)}]`;
  if (isEnumType(type)) return type.getValues()[0]?.name ?? "";
  if (!isInputObjectType(type)) return scalars[type.name] ?? '"x"';
  const fields = Object.values(type.getFields());
  const given = type.isOneOf ? fields.slice(0, 1) : fields.filter(isRequiredInputField);
  return `{ ${given.map((field) => `${field.name}: ${write(field.type)}`).join(", ")} }`;
}
