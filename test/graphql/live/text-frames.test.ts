import { expect, it } from "vitest";
import { TextFrames } from "../../../src/graphql/live/text-frames.ts";

it("text frames put beginnings of any length before a shared text", () => {
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

it("a socket that does not take its frame keeps little memory", () => {
  const frames = new TextFrames();
  const first = Buffer.from("x");
  frames.make(first, Buffer.alloc(10_000));
  frames.keep();
  const kept = frames.make(first, Buffer.from("short"));
  expect(kept?.buffer.byteLength).toBeLessThan(300);
  frames.keep();
  expect(kept?.subarray(2).toString()).toBe("xshort");
  expect(frames.make(first, Buffer.alloc(20_000))).toBeUndefined();
  expect(frames.make(first, Buffer.alloc(16_384))).toHaveLength(16_384 + 5);
});
