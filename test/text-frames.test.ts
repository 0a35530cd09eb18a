import { expect, it } from "vitest";
import { TextFrames } from "../src/graphql/text-frames.ts";

it("puts beginnings of any length before a text, the longest first of all", () => {
  const frames = new TextFrames();
  // The head of such a frame has four bytes.
  for (let length = 0; length <= 252; length++) {
    const shared = Buffer.from(`${length} `.repeat(100));
    for (const first of ["x".repeat(length), "y".repeat(30)]) {
      const frame = frames.make(Buffer.from(first), shared);
      expect(frame?.subarray(4).toString()).toBe(`${first}${shared.toString()}`);
    }
    expect(frames.make(Buffer.from("x".repeat(253)), shared)).toBeUndefined();
  }
});
