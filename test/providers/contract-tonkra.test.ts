import { describe } from "vitest";
import { testContract } from "./contract.ts";

describe("TONKRA keeps the contract of providers: it", () => {
  testContract("TONKRA");
});
