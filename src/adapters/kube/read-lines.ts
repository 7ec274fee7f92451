/** Lines of a stream of bytes, one after another, as they come. */

/** Without their ends; a last line without an end is given too. Rejects when one is longer than `maxLength` characters. */
export async function* linesOf(
  stream: AsyncIterable<Uint8Array>,
  maxLength: number,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  const parts: string[] = [];
  let length = 0;
  for await (const chunk of stream) {
    let text = decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
      parts.push(text.slice(0, end));
      const line = parts.join('');
      parts.length = 0;
      length = 0;
      text = text.slice(end + 1);
      if (line.trim() !== '') yield line;
    }
    parts.push(text);
    length += text.length;
    if (length > maxLength) throw new Error(`a line is longer than ${maxLength} characters`);
  }
  const rest = parts.join('') + decoder.decode();
  if (rest.trim() !== '') yield rest;
}
