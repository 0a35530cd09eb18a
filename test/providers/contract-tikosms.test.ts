import { describe } from "vitest";
import { testContract } from "./contract.ts";

describe("TIKOSMS keeps the contract of providers: it", () => {
  testContract("TIKOSMS");
});
