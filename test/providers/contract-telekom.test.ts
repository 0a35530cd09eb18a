import { describe } from "vitest";
import { testContract } from "./contract.ts";

describe("TELEKOM keeps the contract of providers: it", () => {
  testContract("TELEKOM");
});
