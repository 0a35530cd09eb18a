import { expect, it } from "vitest";
import { TextFrames } from "../src/graphql/text-frames.ts";

it("makes a frame for a beginning of every length, whatever the one before was", () => {
  const frames = new TextFrames();
  for (let length = 0; length <= 256; length++) {
    const shared = Buffer.from(`${length} `.repeat(100));
    for (const first of ["x".repeat(length), "y".repeat(30)].map((text) => Buffer.from(text))) {
      const frame = frames.make(first, shared);
      if (!frame) expect(first.length).toBeGreaterThan(252);
      else expect(frame.subarray(4).toString()).toBe(`${first.toString()}${shared.toString()}`);
    }
  }
});
