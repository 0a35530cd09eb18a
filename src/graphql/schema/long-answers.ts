import {
  defaultFieldResolver,
  getNamedType,
  isCompositeType,
  isObjectType,
  Kind,
  type GraphQLFieldResolver,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  type SelectionSetNode,
} from "graphql";
import { Turns } from "../../lib/turns.ts";

/** An entry of a usual list has fewer fields. Such a list is made in one go. */
const usualFields = 50;
/**
 * What loads more counts so much less: the more of it begins together, the fewer statements read what is below.
 */
const togetherForLoads = 8;

/**
 * Makes long answers in several turns of the event loop. All that an operation may ask for at once would otherwise
 * hold the process for a third of a second.
 */
export function divideLongAnswers(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith("__")) continue;
    for (const field of Object.values(type.getFields()))
      if (isCompositeType(getNamedType(field.type)))
        field.resolve = inTurns(field.resolve ?? defaultFieldResolver);
  }
  return schema;
}

type Resolver = GraphQLFieldResolver<unknown, object>;

/** Objects that were read together, such as the timelines of many messages, do not all continue in the same turn. */
const inTurns =
  (resolve: Resolver): Resolver =>
  (parent, args, context, info) => {
    const value: unknown = resolve(parent, args, context, info);
    if (!(value instanceof Promise)) return inParts(value, context, info);
    return value.then((found: unknown) => {
      const { fields, isLoading } = selectedIn(info);
      const values = fields * lengthOf(found);
      const later = turnsOf(context).next(isLoading ? values / togetherForLoads : values);
      return later ? later.then(() => inParts(found, context, info)) : inParts(found, context, info);
    });
  };

function inParts(value: unknown, context: object, info: GraphQLResolveInfo): unknown {
  if (!Array.isArray(value) || value.length < 2) return value;
  const { fields, isLoading } = selectedIn(info);
  if (fields < usualFields) return value;
  return entriesOf(value, turnsOf(context), isLoading ? fields / togetherForLoads : fields);
}

async function* entriesOf(list: readonly unknown[], turns: Turns, values: number): AsyncGenerator {
  for (const entry of list) {
    await turns.next(values);
    yield entry;
  }
}

/** Entries of a list or of a page; 1 for any other object. */
function lengthOf(value: unknown): number {
  const list = Array.isArray(value) ? value : (value as { edges?: unknown } | null)?.edges;
  return Array.isArray(list) ? list.length : 1;
}

const operations = new WeakMap<object, Turns>();

function turnsOf(context: object): Turns {
  const known = operations.get(context);
  if (known) return known;
  const made = new Turns();
  operations.set(context, made);
  return made;
}

interface Selected {
  /** All fields of an entry, with fragments expanded. */
  fields: number;
  /** Whether some of them may have to be read from the database. */
  isLoading: boolean;
}

const known = new WeakMap<SelectionSetNode, Selected>();

const selectedIn = (info: GraphQLResolveInfo): Selected =>
  sum(info.fieldNodes.map(({ selectionSet }) => selectedBy(selectionSet, info)));

function selectedBy(selectionSet: SelectionSetNode | undefined, info: GraphQLResolveInfo): Selected {
  if (!selectionSet) return { fields: 0, isLoading: false };
  const before = known.get(selectionSet);
  if (before) return before;
  const selected = sum(
    selectionSet.selections.map((selection) => {
      if (selection.kind === Kind.INLINE_FRAGMENT) return selectedBy(selection.selectionSet, info);
      if (selection.kind === Kind.FRAGMENT_SPREAD)
        return selectedBy(info.fragments[selection.name.value]?.selectionSet, info);
      const { fields, isLoading } = selectedBy(selection.selectionSet, info);
      const isRead = selection.selectionSet !== undefined && !partsOfPage.has(selection.name.value);
      return { fields: fields + 1, isLoading: isLoading || isRead };
    }),
  );
  known.set(selectionSet, selected);
  return selected;
}

/** Objects that are there once the page is. */
const partsOfPage = new Set(["edges", "node", "pageInfo"]);

const sum = (all: readonly Selected[]): Selected => ({
  fields: all.reduce((fields, one) => fields + one.fields, 0),
  isLoading: all.some(({ isLoading }) => isLoading),
});
