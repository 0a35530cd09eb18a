import { describe, expect, test } from "vitest";
import type { ProviderKind } from "../../src/providers/registry.ts";
import { registry } from "../../src/providers/registry.ts";
import { testBulk } from "./contract-bulk.ts";
import { testCallbacks } from "./contract-callbacks.ts";
import type { Subject } from "./contract-client.ts";
import { loadContracts, missingText } from "./contract-description.ts";
import { testLate } from "./contract-late.ts";
import { testNoise } from "./contract-noise.ts";
import { testQuestions } from "./contract-questions.ts";
import { testDeclaration } from "./contract-settings.ts";
import { testSubmit } from "./contract-submit.ts";
import { testTwin } from "./contract-twin.ts";

const contracts = await loadContracts();

/** What every provider has to do alike. */
export function testContract(kind: ProviderKind): void {
  const contract = contracts.find((one) => one.kind === kind)?.contract;
  test("the contract suite has a description of this provider", () =>
    expect(contract, missingText(kind)).toBeDefined());
  if (!contract) return;

  const provider = registry[kind];
  const [first] = contract.variants;
  describe("reads callbacks:", () => {
    testCallbacks({ provider, contract, variant: first });
  });

  describe.each(contract.variants.map((variant) => ({ name: variant.name, variant })))(
    "$name",
    ({ variant }) => {
      const subject: Subject = { provider, contract, variant };
      describe("declares", () => {
        testDeclaration(subject);
      });
      describe("submits", () => {
        testSubmit(subject);
      });
      describe("submits many", () => {
        testBulk(subject);
      });
      describe("asks", () => {
        testQuestions(subject);
      });
      describe("waits in vain for an answer", () => {
        testLate(subject);
      });
      describe("reads", () => {
        testNoise(subject);
      });
      describe("with its sandbox twin:", () => {
        testTwin(subject);
      });
    },
  );
}
