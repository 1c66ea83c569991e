/** Chunked transfer coding, both ways round (RFC 9112, 7.1). */
import type { ByteReader } from './byte-reader';

/** One chunk with its framing. */
export function chunk(data: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from('\r\n')]);
}

/** The end of a chunked body, without trailers. */
export const LAST_CHUNK = Buffer.from('0\r\n\r\n');

/** One chunk as it came. The last one has no data, and the trailer section as lines. */
export interface Chunk {
  data: Buffer;
  /** With its framing. */
  raw: Buffer;
  isLast: boolean;
  trailers: string[];
}

/**
 * Reads one chunk.
 * @throws Error when the framing is wrong, ConnectionEnded when it is not whole
 */
export async function readChunk(reader: ByteReader): Promise<Chunk> {
  const sizeLine = await reader.readThrough('\r\n');
  const sizeText = sizeLine.toString('latin1').split(';', 1)[0]?.trim() ?? '';
  if (!/^[0-9a-f]+$/i.test(sizeText)) throw new Error(`no chunk size: ${JSON.stringify(sizeLine.toString('latin1'))}`);
  const size = Number.parseInt(sizeText, 16);
  if (size === 0) return readLastChunk(reader, sizeLine);
  const data = await reader.readExactly(size);
  const end = await reader.readExactly(2);
  if (end.toString('latin1') !== '\r\n') throw new Error(`a chunk of ${size} bytes is not followed by CRLF`);
  return { data, raw: Buffer.concat([sizeLine, data, end]), isLast: false, trailers: [] };
}

async function readLastChunk(reader: ByteReader, sizeLine: Buffer): Promise<Chunk> {
  const lines: Buffer[] = [sizeLine];
  const trailers: string[] = [];
  for (;;) {
    const line = await reader.readThrough('\r\n');
    lines.push(line);
    if (line.length === 2) return { data: Buffer.alloc(0), raw: Buffer.concat(lines), isLast: true, trailers };
    trailers.push(line.subarray(0, -2).toString('latin1'));
  }
}
