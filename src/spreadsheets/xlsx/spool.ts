import { randomUUID } from "node:crypto";
import { open, unlink, type FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unreadable } from "../table.ts";

/** Bytes in all such files of this process together: they must not fill the disk. */
const maxSpooled = 8 * 1024 ** 3;
/** Bytes in one: a workbook, or its texts. */
const maxSize = 1024 ** 3;

const room = { spooled: 0 };

/**
 * A file that only this process sees, and that is gone when it is closed or the process ends: its name is removed at once,
 * where the system allows that.
 */
export class SpoolFile {
  readonly #path: string;
  readonly #handle: FileHandle;
  #isUnlinked = false;
  #size = 0;

  private constructor(path: string, handle: FileHandle) {
    this.#path = path;
    this.#handle = handle;
  }

  static async create(): Promise<SpoolFile> {
    const path = join(tmpdir(), `smsgraph-${randomUUID()}`);
    const file = new SpoolFile(path, await open(path, "wx+", 0o600));
    await file.#unlink();
    return file;
  }

  get fd(): number {
    return this.#handle.fd;
  }

  get size(): number {
    return this.#size;
  }

  /** @throws UnreadableTableError when it is too large, or all of them together are */
  async append(bytes: Uint8Array): Promise<void> {
    if (this.#size + bytes.length > maxSize)
      throw unreadable(`The texts of the workbook have more than ${maxSize} bytes. Save it as CSV UTF-8.`);
    if (room.spooled + bytes.length > maxSpooled)
      throw unreadable("Too many workbooks are being read at the moment. Send it again in a while.");
    room.spooled += bytes.length;
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, this.#size);
      done += bytesWritten;
      this.#size += bytesWritten;
    }
  }

  async close(): Promise<void> {
    room.spooled -= this.#size;
    this.#size = 0;
    await this.#handle.close();
    if (!this.#isUnlinked) await this.#unlink();
  }

  /** Windows refuses this while the file is open. */
  async #unlink(): Promise<void> {
    this.#isUnlinked = await unlink(this.#path).then(
      () => true,
      () => false,
    );
  }
}
