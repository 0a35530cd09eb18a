import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { registry } from "../../src/providers/registry.ts";

test.each(Object.keys(registry))(
  "the registered provider %s has a file that runs the contract suite over it",
  (kind) => {
    const path = `test/providers/contract-${kind.toLowerCase()}.test.ts`;
    expect(existsSync(path), `${path} is missing: it calls testContract("${kind}")`).toBe(true);
  },
);
