import { expect, test } from "vitest";
import { fromTextCell, toTextCell } from "../../src/spreadsheets/text-cells.ts";

/** As long as a row of a file may be. */
const length = 65_536;

test.each(["1-", "1 ", "1", "1:", "1.", "1,", "(1", "jan ", " ", "-", "1e"])(
  "a cell of nothing but %j is looked at once, however long it is",
  (piece) => {
    const cell = `${piece.repeat(length / piece.length)}x`;
    expect(fromTextCell(toTextCell(cell))).toBe(cell);
    expect(fromTextCell(`'${cell}`)).toMatch(/x$/);
  },
);
