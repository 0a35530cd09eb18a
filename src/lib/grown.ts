/** A buffer with the same content, at least twice as long, and with room for so many bytes. */
export function grown(buffer: Buffer, least: number): Buffer {
  const larger = Buffer.alloc(Math.max(least, buffer.length * 2));
  buffer.copy(larger);
  return larger;
}
