import { describe } from "vitest";
import { testContract } from "./contract.ts";

describe("QIKLI keeps the contract of providers: it", () => {
  testContract("QIKLI");
});
