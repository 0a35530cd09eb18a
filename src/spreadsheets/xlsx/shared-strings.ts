import type { FileReader } from "../file-reader.ts";
import { unreadable } from "../table.ts";
import { SpoolFile } from "./spool.ts";
import { TextWriter, type TextPages } from "./text-pages.ts";
import { readXml, type XmlHandler } from "./xml.ts";

/** The longest text of a cell. */
export const maxCellLength = 32_767;

export const tooLong = () =>
  unreadable(`A cell of the workbook has more than ${maxCellLength} characters. Shorten it.`);

/**
 * The texts of a workbook, which its cells name by number. There may be millions of them, so they are in a file, and only
 * the places of their blocks in memory.
 */
export class SharedStrings {
  readonly #file: SpoolFile;
  readonly #pages: TextPages;

  private constructor(file: SpoolFile, pages: TextPages) {
    this.#file = file;
    this.#pages = pages;
  }

  /** Reads `sharedStrings.xml`. @throws UnreadableTableError */
  static async read(bytes: AsyncIterable<Buffer>, reader: FileReader): Promise<SharedStrings> {
    const file = await SpoolFile.create();
    try {
      const writer = new TextWriter(file);
      const items = itemHandler((text) => writer.add(text));
      for await (const _ of readXml(bytes, items, reader)) await writer.flushIfFull();
      return new SharedStrings(file, await writer.finish());
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** The text of a number as the file writes it. @throws UnreadableTableError when there is none */
  at(number: string): string {
    const text = /^\d{1,9}$/.test(number) ? this.#pages.at(Number(number)) : undefined;
    if (text !== undefined) return text;
    throw unreadable("A cell of the workbook names a text that it does not have. Save it again.");
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** Collects the text of an item: of its runs, without phonetic guides. */
export class TextCollector {
  #text = "";
  #isText = false;
  #isGuide = false;

  open(name: string): void {
    if (name === "rPh") this.#isGuide = true;
    this.#isText = name === "t" && !this.#isGuide;
  }

  write(text: string): void {
    if (!this.#isText) return;
    if (this.#text.length + text.length > maxCellLength + 1) throw tooLong();
    this.#text += text;
  }

  close(name: string): void {
    if (name === "t") this.#isText = false;
    if (name === "rPh") this.#isGuide = false;
  }

  take(): string {
    const text = this.#text;
    this.#text = "";
    return unescapeText(text);
  }
}

/** Control characters are written as `_x000D_`. */
const unescapeText = (text: string): string =>
  text.includes("_x")
    ? text.replaceAll(/_x([0-9A-Fa-f]{4})_/g, (_, code: string) =>
        String.fromCharCode(Number.parseInt(code, 16)),
      )
    : text;

function itemHandler(add: (text: string) => void): XmlHandler {
  const collector = new TextCollector();
  return {
    open: (name) => collector.open(name),
    text: (text) => collector.write(text),
    close(name) {
      collector.close(name);
      if (name === "si") add(collector.take());
    },
  };
}
