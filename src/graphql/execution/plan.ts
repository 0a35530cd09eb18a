import {
  BREAK,
  defaultFieldResolver,
  getArgumentValues,
  getOperationAST,
  isAbstractType,
  Kind,
  visit,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from "graphql";
import { shapeOf, type Shape } from "./shape.ts";

export type Variables = GraphQLResolveInfo["variableValues"];

/** What the fields of one document have in common. */
interface Asked {
  schema: GraphQLSchema;
  operation: OperationDefinitionNode;
  fragments: GraphQLResolveInfo["fragments"];
}

/** What an operation asks for. */
export interface Plan extends Asked {
  fields: readonly FieldPlan[];
}

const plans = new WeakMap<DocumentNode, Map<string | null | undefined, Plan | undefined>>();

/** Undefined for subscriptions, several changes, questions about the schema, and documents with directives. */
export function planOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | null | undefined,
): Plan | undefined {
  const known = plans.get(document);
  if (known?.has(operationName)) return known.get(operationName);
  const plan = makePlan(schema, document, operationName);
  plans.set(
    document,
    (known ?? new Map<string | null | undefined, Plan | undefined>()).set(operationName, plan),
  );
  return plan;
}

function makePlan(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | null | undefined,
): Plan | undefined {
  const operation = getOperationAST(document, operationName);
  const type = operation && operation.operation !== "subscription" && schema.getRootType(operation.operation);
  if (!type || !isPlannable(document)) return undefined;
  const fragments: Record<string, FragmentDefinitionNode> = {};
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments[definition.name.value] = definition;
  const asked: Asked = { schema, operation, fragments };
  const fields = fieldsOf([operation.selectionSet], type, asked);
  // Several changes are made one after the other.
  return operation.operation === "mutation" && fields.length > 1 ? undefined : { ...asked, fields };
}

/** The name `__proto__` would not become a property of an answer. */
function isPlannable(document: DocumentNode): boolean {
  let plannable = true;
  const give = (): typeof BREAK => {
    plannable = false;
    return BREAK;
  };
  visit(document, {
    Directive: give,
    Field: ({ name, alias }) =>
      (name.value.startsWith("__") && name.value !== "__typename") || alias?.value === "__proto__"
        ? give()
        : undefined,
  });
  return plannable;
}

/** A field of an answer, and the nodes of the document that ask for it. */
export class FieldPlan {
  readonly name: string;
  readonly nodes: readonly FieldNode[];
  readonly field: GraphQLField<unknown, unknown>;
  readonly parentType: GraphQLObjectType;
  readonly asked: Asked;
  readonly resolve: GraphQLFieldResolver<unknown, unknown>;
  readonly shape: Shape;
  /** Whether it is read from the property of its name. */
  readonly isProperty: boolean;
  readonly #below = new Map<GraphQLObjectType, readonly FieldPlan[]>();
  readonly #node: FieldNode;
  readonly #isConstant: boolean;
  #arguments: Record<string, unknown> | undefined;

  constructor(
    name: string,
    nodes: readonly [FieldNode, ...FieldNode[]],
    field: GraphQLField<unknown, unknown>,
    parentType: GraphQLObjectType,
    asked: Asked,
  ) {
    this.name = name;
    this.nodes = nodes;
    this.field = field;
    this.parentType = parentType;
    this.asked = asked;
    this.resolve = field.resolve ?? defaultFieldResolver;
    this.shape = shapeOf(field.type);
    this.isProperty = field.resolve === undefined;
    this.#node = nodes[0];
    this.#isConstant = !usesVariables(nodes[0]);
  }

  /** The same object each time where no variable is used. @throws GraphQLError */
  argumentsWith(variables: Variables): Record<string, unknown> {
    if (this.#arguments) return this.#arguments;
    const values = getArgumentValues(this.field, this.#node, variables);
    if (this.#isConstant) this.#arguments = values;
    return values;
  }

  /** What is asked for of its value, when that is an object of this type. */
  fieldsOf(type: GraphQLObjectType): readonly FieldPlan[] {
    const known = this.#below.get(type);
    if (known) return known;
    const sets = this.nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
    const fields = fieldsOf(sets, type, this.asked);
    this.#below.set(type, fields);
    return fields;
  }
}

function usesVariables({ arguments: given = [] }: FieldNode): boolean {
  let uses = false;
  for (const argument of given)
    visit(argument, {
      Variable: () => {
        uses = true;
        return BREAK;
      },
    });
  return uses;
}

/** The fields of an object in the order in which the document names them, each once. */
function fieldsOf(
  sets: readonly SelectionSetNode[],
  type: GraphQLObjectType,
  asked: Asked,
): readonly FieldPlan[] {
  const found = new Map<string, [FieldNode, ...FieldNode[]]>();
  const spread = new Set<string>();
  for (const set of sets) collect(set, type, asked, found, spread);
  const fields: FieldPlan[] = [];
  for (const [name, nodes] of found) {
    const field = asked.schema.getField(type, nodes[0].name.value);
    if (field) fields.push(new FieldPlan(name, nodes, field, type, asked));
  }
  return fields;
}

function collect(
  set: SelectionSetNode,
  type: GraphQLObjectType,
  asked: Asked,
  found: Map<string, [FieldNode, ...FieldNode[]]>,
  spread: Set<string>,
): void {
  for (const selection of set.selections) {
    if (selection.kind === Kind.FIELD) {
      const name = selection.alias?.value ?? selection.name.value;
      const nodes = found.get(name);
      if (nodes) nodes.push(selection);
      else found.set(name, [selection]);
      continue;
    }
    const isSpread = selection.kind === Kind.FRAGMENT_SPREAD;
    if (isSpread && spread.has(selection.name.value)) continue;
    if (isSpread) spread.add(selection.name.value);
    const fragment = isSpread ? asked.fragments[selection.name.value] : selection;
    if (fragment && applies(fragment.typeCondition?.name.value, type, asked.schema))
      collect(fragment.selectionSet, type, asked, found, spread);
  }
}

function applies(condition: string | undefined, type: GraphQLObjectType, schema: GraphQLSchema): boolean {
  if (condition === undefined || condition === type.name) return true;
  const named = schema.getType(condition);
  return isAbstractType(named) && schema.isSubType(named, type);
}
