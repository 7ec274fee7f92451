/** Text without its percent signs; as it is where they mean nothing (`a%zz`). */
export function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
