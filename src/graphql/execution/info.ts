import type { GraphQLResolveInfo } from "graphql";
import type { FieldPlan, Variables } from "./plan.ts";

/** Where a value stands in the answer. */
export type Path = GraphQLResolveInfo["path"];

/** What a resolver may ask about its field. Most ask for little, so nothing is worked out before. */
export class FieldInfo implements GraphQLResolveInfo {
  readonly plan: FieldPlan;
  /** Of the object that has the field. */
  readonly parentPath: Path | undefined;
  readonly variableValues: Variables;

  constructor(plan: FieldPlan, parentPath: Path | undefined, variableValues: Variables) {
    this.plan = plan;
    this.parentPath = parentPath;
    this.variableValues = variableValues;
  }

  get fieldName() {
    return this.plan.field.name;
  }

  get fieldNodes() {
    return this.plan.nodes;
  }

  get returnType() {
    return this.plan.field.type;
  }

  get parentType() {
    return this.plan.parentType;
  }

  get path(): Path {
    const { name, parentType } = this.plan;
    return { prev: this.parentPath, key: name, typename: parentType.name };
  }

  get schema() {
    return this.plan.asked.schema;
  }

  get fragments() {
    return this.plan.asked.fragments;
  }

  get operation() {
    return this.plan.asked.operation;
  }

  get rootValue() {
    return undefined;
  }

  get getAbortSignal() {
    return () => undefined;
  }

  get getAsyncHelpers() {
    return () => helpers;
  }
}

const helpers: ReturnType<GraphQLResolveInfo["getAsyncHelpers"]> = {
  promiseAll: async (values) => Promise.all(values),
  track: () => undefined,
};
