import {
  isRequiredArgument,
  Kind,
  parse,
  print,
  visit,
  type DocumentNode,
  type ExecutionArgs,
  type FieldNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from "graphql";

/** The tokens of longer documents take too much memory to be kept for the places that an error names. */
const longDocument = 4_000;

type Answered = Pick<ExecutionArgs, "schema" | "document" | "operationName" | "variableValues">;

/**
 * The part of a subscription that its answers need. The arguments of its field say which events it gets, and have done
 * their work when it starts: a filter with a thousand ids would take 80 KB for as long as it lasts.
 */
export function answeredPart({ schema, document, operationName, variableValues }: Answered): Answered {
  const part = partOf(schema, document);
  const [operation] = part.definitions as [OperationDefinitionNode];
  const known = operation.variableDefinitions ?? [];
  const isWhole = part === document || !variableValues;
  const values = isWhole
    ? variableValues
    : Object.fromEntries(
        known
          .map(({ variable }) => variable.name.value)
          .flatMap((name) => (Object.hasOwn(variableValues, name) ? [[name, variableValues[name]]] : [])),
      );
  return { schema, document: part, operationName, variableValues: values };
}

const parts = new WeakMap<DocumentNode, DocumentNode>();

function partOf(schema: GraphQLSchema, document: DocumentNode): DocumentNode {
  let part = parts.get(document);
  if (!part) parts.set(document, (part = findPart(schema, document)));
  return part;
}

function findPart(schema: GraphQLSchema, document: DocumentNode): DocumentNode {
  const [operation, ...others] = document.definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION || others.some(({ kind }) => kind === operation.kind))
    return document;
  const [field] = operation.selectionSet.selections;
  if (field?.kind !== Kind.FIELD) return document;
  const bare = withoutOptional(schema, field);
  if (bare === field) return document;
  const selectionSet = { ...operation.selectionSet, selections: [bare] };
  const used = variablesIn({
    ...document,
    definitions: [{ ...operation, selectionSet, variableDefinitions: [] }, ...others],
  });
  const variableDefinitions = operation.variableDefinitions?.filter(({ variable }) =>
    used.has(variable.name.value),
  );
  const definitions = [{ ...operation, selectionSet, variableDefinitions }, ...others];
  const part: DocumentNode = { kind: Kind.DOCUMENT, definitions };
  const isLong = (document.loc?.source.body.length ?? 0) > longDocument;
  return isLong ? parse(print(part), { noLocation: true }) : part;
}

function withoutOptional(schema: GraphQLSchema, field: FieldNode): FieldNode {
  const known = schema.getSubscriptionType()?.getFields()[field.name.value]?.args ?? [];
  const required = new Set(known.filter(isRequiredArgument).map(({ name }) => name));
  const left = field.arguments?.filter(({ name }) => required.has(name.value));
  return left?.length === field.arguments?.length ? field : { ...field, arguments: left };
}

function variablesIn(document: DocumentNode): Set<string> {
  const names = new Set<string>();
  visit(document, { Variable: ({ name }) => void names.add(name.value) });
  return names;
}
