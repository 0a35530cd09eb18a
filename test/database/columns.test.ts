import { describe, expect, it } from "vitest";
import { columns, parameters } from "../../src/database/columns.ts";

describe("the lists of a statement's columns", () => {
  it("the lists of a statement's columns come from one table, in one order", () => {
    const list = columns({ id: "uuid", accountId: "uuid", createdAt: "timestamptz" });
    expect(list.keys).toEqual(["id", "accountId", "createdAt"]);
    expect(list.record).toBe('"id" uuid, "accountId" uuid, "createdAt" timestamptz');
    expect(list.selected).toBe('"id", "accountId", "createdAt"');
    expect(list.names).toBe("id, account_id, created_at");
    expect(list.readFrom("m")).toBe('m.id as "id", m.account_id as "accountId", m.created_at as "createdAt"');
    expect(list.assignedFrom("s")).toBe(
      'id = s."id", account_id = s."accountId", created_at = s."createdAt"',
    );
  });

  it("parameters by name get the numbers of their order", () => {
    const { sql, names, list, values } = parameters({ id: "uuid", clientRefs: "text[]" });
    expect(sql).toEqual({ id: "$1::uuid", clientRefs: "$2::text[]" });
    expect([names, list]).toEqual(["id, client_refs", "$1::uuid, $2::text[]"]);
    expect(values({ clientRefs: ["one"], id: "a" })).toEqual(["a", ["one"]]);
  });
});
