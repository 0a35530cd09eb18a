import {
  getNamedType,
  getNullableType,
  getOperationAST,
  isListType,
  Kind,
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
  type VariableDefinitionNode,
} from "graphql";
import type { Right } from "../../access/scopes.ts";
import { defaultPageSize, maxPageSize } from "../schema/limits.ts";
import { scopesFor } from "./scope-rules.ts";
import { sendsOf } from "./sends.ts";

type Variables = Readonly<Record<string, unknown>>;

/** A field, and the scopes of which it needs one. */
interface Need {
  field: string;
  anyOf: readonly Right[];
}

/** What an operation asks for. Computed once for each document. */
export interface OperationPlan {
  kind: OperationDefinitionNode["operation"];
  variables: readonly VariableDefinitionNode[];
  /** One entry for each set of scopes. */
  needs: readonly Need[];
  /** The deepest nesting of fields. */
  depth: number;
  /** All fields and directives as written, with fragments expanded. */
  breadth: number;
  /** Estimates how many values the answer may hold. */
  cost: (variables: Variables) => number;
  /** How many messages it sends. */
  sends: (variables: Variables) => number;
}

const plans = new WeakMap<DocumentNode, Map<string | null | undefined, OperationPlan>>();

/** The plan of an operation in a valid document; undefined when the document has no such operation. */
export function planOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | null | undefined,
): OperationPlan | undefined {
  const known = plans.get(document)?.get(operationName);
  if (known) return known;
  const operation = getOperationAST(document, operationName);
  if (!operation) return undefined;
  const plan = new Planner(schema, document, operation).plan();
  const ofDocument = plans.get(document) ?? new Map<string | null | undefined, OperationPlan>();
  plans.set(document, ofDocument.set(operationName, plan));
  return plan;
}

type Multiplier = number | ((variables: Variables) => number);

/** A selection set: its own cost, and the selection sets below it. */
interface Part {
  own: number;
  depth: number;
  breadth: number;
  below: { multiplier: Multiplier; part: Part }[];
}

class Planner {
  readonly #schema: GraphQLSchema;
  readonly #operation: OperationDefinitionNode;
  readonly #fragments = new Map<string, FragmentDefinitionNode>();
  readonly #needs = new Map<readonly Right[], Need>();
  readonly #sends: ((variables: Variables) => number)[] = [];
  /** A fragment that is spread a thousand times is read only once. */
  readonly #parts = new Map<SelectionSetNode, Map<GraphQLNamedType, Part>>();

  constructor(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) {
    this.#schema = schema;
    this.#operation = operation;
    for (const definition of document.definitions)
      if (definition.kind === Kind.FRAGMENT_DEFINITION)
        this.#fragments.set(definition.name.value, definition);
  }

  plan(): OperationPlan {
    const { operation: kind, selectionSet, variableDefinitions = [] } = this.#operation;
    const root = this.#schema.getRootType(kind);
    if (!root) throw new Error(`The schema has no ${kind}`);
    const part = this.#read(selectionSet, root);
    const { depth, breadth } = part;
    const constant = isConstant(part, new Set()) ? costOf(part, {}, new Map()) : undefined;
    const cost = (variables: Variables): number => Math.ceil(constant ?? costOf(part, variables, new Map()));
    const sends = (variables: Variables): number =>
      this.#sends.reduce((sum, sent) => sum + sent(variables), 0);
    return {
      kind,
      variables: variableDefinitions,
      needs: [...this.#needs.values()],
      depth,
      breadth,
      cost,
      sends,
    };
  }

  #read(selectionSet: SelectionSetNode, type: GraphQLNamedType): Part {
    const known = this.#parts.get(selectionSet)?.get(type);
    if (known) return known;
    const part: Part = { own: 0, depth: 0, breadth: 0, below: [] };
    for (const selection of selectionSet.selections) {
      count(part, selection.directives);
      if (selection.kind === Kind.FIELD) this.#addField(part, selection, type);
      else {
        const fragment =
          selection.kind === Kind.INLINE_FRAGMENT ? selection : this.#fragments.get(selection.name.value);
        if (fragment) this.#addFragment(part, fragment, type);
      }
    }
    const ofSet = this.#parts.get(selectionSet) ?? new Map<GraphQLNamedType, Part>();
    this.#parts.set(selectionSet, ofSet.set(type, part));
    return part;
  }

  #addFragment(
    part: Part,
    {
      typeCondition,
      selectionSet,
    }: Pick<FragmentDefinitionNode, "selectionSet"> & { typeCondition?: unknown },
    type: GraphQLNamedType,
  ): void {
    const name = (typeCondition as FragmentDefinitionNode["typeCondition"] | undefined)?.name.value;
    const inner = this.#read(selectionSet, (name !== undefined && this.#schema.getType(name)) || type);
    part.below.push({ multiplier: 1, part: inner });
    part.depth = Math.max(part.depth, inner.depth);
    part.breadth += inner.breadth;
  }

  #addField(part: Part, node: FieldNode, type: GraphQLNamedType): void {
    const name = node.name.value;
    const field = this.#schema.getField(type as never, name);
    const anyOf = scopesFor(type.name, name);
    if (anyOf.length > 0 && !this.#needs.has(anyOf))
      this.#needs.set(anyOf, { field: `${type.name}.${name}`, anyOf });
    const sends = type.name === "Mutation" ? sendsOf(node, this.#operation) : undefined;
    if (sends) this.#sends.push(sends);
    part.own += field ? ownCostOf(field) * (type.name.startsWith("__") ? schemaCost : 1) : 1;
    // Introspection is not counted here: the schema is finite, and GraphQL limits how often its lists may be
    // nested.
    const isOfSchema = type.name.startsWith("__") || name === "__schema" || name === "__type";
    const inner = field && node.selectionSet && this.#read(node.selectionSet, getNamedType(field.type));
    if (!isOfSchema) {
      part.breadth += 1 + (inner?.breadth ?? 0);
      part.depth = Math.max(part.depth, 1 + (inner?.depth ?? 0));
    }
    if (field && inner) part.below.push({ multiplier: this.#multiplierOf(type, field, node), part: inner });
  }

  #multiplierOf(type: GraphQLNamedType, field: GraphQLField<unknown, unknown>, node: FieldNode): Multiplier {
    const fixed = introspectionLists[`${type.name}.${field.name}`] ?? costSetting(field).multiplier;
    if (fixed !== undefined) return fixed;
    const argumentOf = (name: string): ValueNode | undefined =>
      node.arguments?.find((argument) => argument.name.value === name)?.value;
    if (field.args.some(({ name }) => name === "first")) {
      const [first, last] = [this.#reader(argumentOf("first")), this.#reader(argumentOf("last"))];
      if (typeof first !== "function" && typeof last !== "function") return pageSize(first, last);
      return (variables) => pageSize(valueOf(first, variables), valueOf(last, variables));
    }
    // The edges of a connection were counted where their number was asked for.
    if (!isListType(getNullableType(field.type)) || type.name.endsWith("Connection")) return 1;
    const ids = this.#reader(argumentOf("ids"));
    return typeof ids === "function" ? (variables) => lengthOf(ids(variables)) : lengthOf(ids);
  }

  /** The value of an argument, or a function that reads it from the variables. */
  #reader(value: ValueNode | undefined): unknown {
    if (value?.kind === Kind.INT) return Number(value.value);
    if (value?.kind === Kind.LIST) return value.values;
    if (value?.kind !== Kind.VARIABLE) return undefined;
    const name = value.name.value;
    const defined = this.#operation.variableDefinitions?.find(({ variable }) => variable.name.value === name);
    const fallback = this.#reader(defined?.defaultValue);
    return (variables: Variables) => variables[name] ?? fallback;
  }
}

const valueOf = (reader: unknown, variables: Variables): unknown =>
  typeof reader === "function" ? (reader as (variables: Variables) => unknown)(variables) : reader;

function count(part: Part, directives: readonly DirectiveNode[] | undefined): void {
  const many = directives?.length ?? 0;
  part.own += many;
  part.breadth += many;
}

/** A page that is too large is refused later, with its own error. */
function pageSize(first: unknown, last: unknown): number {
  const size = first ?? last ?? defaultPageSize;
  return typeof size === "number" ? Math.min(Math.max(size, 0), maxPageSize) : maxPageSize;
}

const unknownLength = 5;

const lengthOf = (list: unknown): number => (Array.isArray(list) ? list.length : unknownLength);

/** A field that costs more than others declares this in its `extensions`. */
interface CostSetting {
  own?: number;
  multiplier?: number;
}

const costSetting = ({ extensions }: GraphQLField<unknown, unknown>): CostSetting => extensions["cost"] ?? {};

/** What a value of the schema costs: it is in memory. */
const schemaCost = 0.2;

const ownCostOf = (field: GraphQLField<unknown, unknown>): number => costSetting(field).own ?? 1;

/**
 * Assumed lengths of the introspection lists. One introspection query of GraphiQL fits, three in one
 * operation do not.
 */
const introspectionLists: Readonly<Record<string, number>> = {
  "__Schema.types": 250,
  "__Schema.directives": 10,
  "__Type.fields": 8,
  "__Type.inputFields": 3,
  "__Type.enumValues": 3,
  "__Type.possibleTypes": 2,
  "__Type.interfaces": 1,
  "__Field.args": 1,
  "__Directive.args": 2,
};

function isConstant(part: Part, seen: Set<Part>): boolean {
  if (seen.has(part)) return true;
  seen.add(part);
  return part.below.every((edge) => typeof edge.multiplier === "number" && isConstant(edge.part, seen));
}

function costOf(part: Part, variables: Variables, known: Map<Part, number>): number {
  const before = known.get(part);
  if (before !== undefined) return before;
  let cost = part.own;
  for (const { multiplier, part: inner } of part.below)
    cost += (valueOf(multiplier, variables) as number) * costOf(inner, variables, known);
  known.set(part, cost);
  return cost;
}
