/** Libraries hand out Buffers, whose `slice` is not that of other byte arrays; the core takes plain ones. */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}
